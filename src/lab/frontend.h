#pragma once

#include <string>

namespace weft::lab {

/// The demo's guestbook: an HTTP server that writes to a redis leader and reads from a follower.
///   POST / with a line of text: signs the book. GET /: prints it. Runs until killed. @return exit status
int frontend_main(const std::string& leader, const std::string& follower, int port);

}  // namespace weft::lab
