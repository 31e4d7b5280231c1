#pragma once

namespace weft::lab {

struct DemoOptions {
  bool keep = false;   // leave the lab running and say what to try
  bool pause = false;  // wait for Enter before each step
};

/// Shows the main job on a lab of three nodes, step by step with real output. @return exit status: 0 when everything
/// held
int demo(const DemoOptions& options);

}  // namespace weft::lab
