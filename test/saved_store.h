#pragma once

#include <cstdio>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>

#include "base/file.h"
#include "schema/value.h"
#include "store/forwarding.h"
#include "store/memory.h"

namespace weft::test {

/// A store whose content lies in a file, so that it outlives the process that uses it. A commit is in the file before
/// it is answered. One process at a time.
class SavedStore final : public store::Forwarding {
 public:
  explicit SavedStore(std::string file) : Forwarding(memory_), file_(std::move(file)) {
    if (!file_exists(file_)) return;
    const auto saved = schema::parse_json(read_file(file_).value()).value();
    store::Memory::Snapshot snapshot;
    snapshot.revision = *saved.at("revision")->as_int();
    for (const auto& [key, entry] : *saved.at("entries")->as_object())
      snapshot.entries[key] = {key, std::string(entry.text("value")), *entry.at("revision")->as_int()};
    memory_.restore(std::move(snapshot));
  }

  Result<store::Revision> commit(std::span<const store::Op> ops) override {
    const std::lock_guard lock(mutex_);
    auto done = memory_.commit(ops);
    if (done) save();
    return done;
  }
  std::string describe() const override { return file_; }

 private:
  void save() {
    const auto snapshot = memory_.snapshot();
    schema::Object entries;
    for (const auto& [key, entry] : snapshot.entries)
      entries.set(key, schema::Object{{"value", entry.value}, {"revision", entry.revision}});
    const std::string text =
        schema::to_json(schema::Object{{"revision", snapshot.revision}, {"entries", std::move(entries)}});
    std::ofstream(file_ + ".new") << text;
    if (std::rename((file_ + ".new").c_str(), file_.c_str()) != 0) throw std::runtime_error(file_);
  }

  std::string file_;
  std::mutex mutex_;
  store::Memory memory_;
};

}  // namespace weft::test
