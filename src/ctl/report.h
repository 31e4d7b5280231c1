#pragma once

#include <string>
#include <vector>

#include "ctl/write.h"

/// What commands say when they are done.
namespace weft::ctl {

/// Whether this program was called as calicoctl, whose words scripts know.
enum class Voice { weft, calicoctl };

struct Report {
  std::string out;  // for the standard output
  std::string err;  // for the standard error
  int status = 0;

  /// Prints it. @return the status
  int say() const;
};

/// Of documents that were written, or validated. An object whose verb failed is named with the reason on the standard
/// error; the summary says how many succeeded.
Report report(Voice voice, Verb verb, const std::vector<Outcome>& outcomes);
/// Of files of which something could not even be read; nothing was done then.
Report report_unreadable(Voice voice, const std::vector<Error>& errors);

/// The sentence as calicoctl has it.
std::string as_calicoctl(const Error& error);

}  // namespace weft::ctl
