#pragma once

#include "base/spelling.h"

namespace weft::schema {
using weft::nearest;
}
