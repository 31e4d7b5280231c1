#include "cni/plugin.h"

int main(int argc, char** argv) { return weft::cni::plugin_main(argc, argv, "cni"); }
