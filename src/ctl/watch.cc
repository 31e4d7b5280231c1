#include "ctl/watch.h"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include <fmt/core.h>

#include "client/objects.h"

namespace weft::ctl {
namespace {

/// What a watch tells, for the thread that prints.
struct Inbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<store::Event> events;
  std::optional<Error> end;
};

/// Prints a row at a time; columns grow as they must.
class Printer {
 public:
  Printer(const api::Kind& kind, Look look) : kind_(kind), look_(std::move(look)) { look_.single = true; }

  Result<> print(std::string_view what, const api::Object& object) {
    switch (look_.format) {
      case Format::table:
      case Format::wide:
      case Format::columns: return print_row(what, object);
      case Format::yaml: fmt::print("---\n"); [[fallthrough]];
      case Format::json:
      case Format::name:
      case Format::go_template: fmt::print("{}", TRY(ctl::print(kind_, {object}, look_)));
    }
    std::fflush(stdout);
    return {};
  }

 private:
  Result<> print_row(std::string_view what, const api::Object& object) {
    // A table of one row: headings, cells, an empty line.
    const std::string table = TRY(ctl::print(kind_, {object}, look_));
    const auto first = table.find('\n'), second = table.find('\n', first + 1);
    if (table.substr(0, first) != headings_) {
      headings_ = table.substr(0, first);
      fmt::print("{:<10}{}\n", "EVENT", headings_);
    }
    fmt::print("{:<10}{}\n", what, table.substr(first + 1, second - first - 1));
    std::fflush(stdout);
    return {};
  }

  const api::Kind& kind_;
  Look look_;
  std::string headings_;
};

}  // namespace

Result<int> watch(store::Store& store, const api::Kind& kind, const Request& request, const Look& look,
                  const std::optional<api::Selector>& selector, std::vector<api::Object> objects) {
  Printer printer(kind, look);
  std::map<std::string, api::Object> shown;  // by key
  for (const auto& object : objects) {
    TRY(printer.print("ADDED", object));
    shown[object.path()] = object;
  }
  std::string prefix = api::prefix_of(kind);
  if (kind.namespaced && !request.scope.all)
    prefix += (request.scope.namespace_.empty() ? "default" : request.scope.namespace_) + '/';

  Inbox inbox;
  auto running = store.watch(prefix, std::atoll(look.revision.c_str()),
                             {.on_events =
                                  [&](std::span<const store::Event> events, store::Revision) {
                                    const std::lock_guard lock(inbox.mutex);
                                    inbox.events.insert(inbox.events.end(), events.begin(), events.end());
                                    inbox.changed.notify_one();
                                  },
                              .on_end =
                                  [&](const Error& error) {
                                    const std::lock_guard lock(inbox.mutex);
                                    inbox.end = error;
                                    inbox.changed.notify_one();
                                  }});
  for (;;) {
    std::unique_lock lock(inbox.mutex);
    inbox.changed.wait(lock, [&] { return !inbox.events.empty() || inbox.end; });
    if (inbox.events.empty()) return std::unexpected(Error(*inbox.end).within("watch"));
    const store::Event event = std::move(inbox.events.front());
    inbox.events.pop_front();
    lock.unlock();

    const auto before = shown.find(event.key);
    Result<api::Object> now = fail(Code::not_found, "");
    if (event.value) now = api::read_stored(kind, *event.value, std::to_string(event.revision));
    if (event.value && !now) fmt::print(stderr, "left out: {}: {}\n", event.key, now.error().message);
    if (now && (!selector || selector->matches(now->metadata().labels))) {
      TRY(printer.print(before == shown.end() ? "ADDED" : "MODIFIED", *now));
      shown[event.key] = *now;
    } else if (before != shown.end()) {
      TRY(printer.print("DELETED", before->second));
      shown.erase(before);
    }
  }
}

}  // namespace weft::ctl
