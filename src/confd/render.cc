#include "confd/render.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "bgp/control.h"
#include "confd/functions.h"
#include "templates/template.h"

namespace weft::confd {
using namespace templates;
namespace {

/// What the file should be beside its content.
struct Attributes {
  unsigned mode = 0644;
  unsigned uid = 0, gid = 0;
};

Attributes wanted_attributes(const Resource& resource, const struct stat* present) {
  Attributes wanted;
  wanted.mode = resource.mode.value_or(present ? present->st_mode & 07777u : 0644u);
  wanted.uid = resource.uid.value_or(geteuid());
  wanted.gid = resource.gid.value_or(getegid());
  return wanted;
}

/// A new file beside the destination; gone at the end of its life unless it was kept or moved.
class Stage {
 public:
  static Result<std::unique_ptr<Stage>> make(const std::string& destination, std::string_view content,
                                             const Attributes& attributes) {
    const auto slash = destination.rfind('/');
    const std::string folder = slash == destination.npos ? "." : destination.substr(0, slash + 1);
    std::string path = (slash == destination.npos ? "." : folder + ".") + destination.substr(slash + 1) + ".XXXXXX";
    const Fd file(mkostemp(path.data(), O_CLOEXEC));
    if (!file) return fail_errno(errno, path);
    auto stage = std::unique_ptr<Stage>(new Stage(path));
    while (!content.empty()) {
      const auto written = ::write(file.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_errno(errno, path);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    struct stat status{};
    if (fstat(file.get(), &status) != 0) return fail_errno(errno, path);
    if ((status.st_uid != attributes.uid || status.st_gid != attributes.gid) &&
        fchown(file.get(), attributes.uid, attributes.gid) != 0)
      return fail_errno(errno, path + ": chown");
    if (fchmod(file.get(), attributes.mode) != 0) return fail_errno(errno, path + ": chmod");
    if (fsync(file.get()) != 0) return fail_errno(errno, path);
    return stage;
  }
  ~Stage() {
    if (!kept_) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

  Result<> move_to(const std::string& destination, std::string_view content) {
    if (::rename(path_.c_str(), destination.c_str()) == 0) {
      kept_ = true;
      return {};
    }
    // A file that is a mount of its own cannot be replaced, only written.
    if (errno == EBUSY) return write_existing(destination, content);
    return fail_errno(errno, destination);
  }

 private:
  explicit Stage(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool kept_ = false;
};

Result<> run_shell(const std::string& command, std::string_view what) {
  const auto finished = TRY(within(run({"/bin/sh", "-c", command}), what));
  if (finished.ok()) {
    log::debug("command ran", {{"command", command}, {"output", std::string(trim(finished.out + finished.err))}});
    return {};
  }
  const std::string output(trim(finished.out + finished.err));
  return fail(Code::invalid, fmt::format("{}: {}: {}{}{}", what, command, describe_status(finished.status),
                                         output.empty() ? "" : ": ", output));
}

Result<> check(const Resource& resource, const std::string& staged) {
  const auto command = TRY(within(TRY(within(Template::parse("check_cmd", resource.check_cmd), resource.name))
                                      .execute(Value::map({{"src", staged}})),
                                  resource.name));
  return run_shell(command, "check failed, " + resource.destination + " stays as it was");
}

}  // namespace

Result<std::string> render(const Resource& resource, const Keys& keys) {
  auto seen = std::make_shared<Keys>();
  for (const auto& [key, value] : keys) {
    std::string_view rest = key;
    if (rest.starts_with(resource.prefix)) rest.remove_prefix(resource.prefix.size());
    seen->insert_or_assign(clean_path("/" + std::string(rest)), value);
  }
  Functions functions = key_functions(seen);
  for (const auto& [name, callable] : confd_functions()) functions.emplace(name, callable);
  std::string text = TRY(read_file(resource.source));
  const auto name = resource.source.substr(resource.source.rfind('/') + 1);
  const auto parsed = TRY(Template::parse(name, std::move(text), std::move(functions)));
  return parsed.execute({});
}

Result<Outcome> Renderer::process(const Resource& resource, const Keys& keys) {
  const std::string content = TRY(within(render(resource, keys), resource.destination));
  struct stat status{};
  const bool there = ::stat(resource.destination.c_str(), &status) == 0;
  const Attributes wanted = wanted_attributes(resource, there ? &status : nullptr);
  const auto present = there ? read_file(resource.destination) : Result<std::string>(fail(Code::not_found, ""));
  const bool same = present && *present == content && (status.st_mode & 07777u) == wanted.mode &&
                    status.st_uid == wanted.uid && status.st_gid == wanted.gid;
  if (same) {
    if (not_reloaded_.contains(resource.destination)) TRY(reload(resource));
    return Outcome::in_sync;
  }
  if (options_.noop) {
    log::warning("file would change, but noop", {{"file", resource.destination}});
    return Outcome::would_change;
  }

  if (const auto slash = resource.destination.rfind('/'); slash != std::string::npos && slash > 0) {
    TRY(make_directories(resource.destination.substr(0, slash)));
  }
  auto stage = TRY(Stage::make(resource.destination, content, wanted));
  const std::string staged = stage->path();
  if (options_.keep_stage_file) {
    stage->keep();
    log::info("staged file is kept", {{"file", staged}});
  }
  if (!options_.sync_only && !resource.check_cmd.empty()) TRY(check(resource, staged));
  TRY(stage->move_to(resource.destination, content));
  log::info("file changed", {{"file", resource.destination}, {"bytes", content.size()}});
  TRY(reload(resource));
  return Outcome::changed;
}

Result<> Renderer::reload(const Resource& resource) {
  if (options_.sync_only) return {};
  not_reloaded_.insert(resource.destination);
  if (!resource.reload_cmd.empty())
    TRY(run_shell(resource.reload_cmd, "reload after " + resource.destination + " changed"));
  if (!resource.reload_bird.empty()) {
    const auto told = bgp::configure(resource.reload_bird);
    if (!told && told.error().code == Code::not_found)
      log::debug("BIRD does not run yet", {{"socket", resource.reload_bird}});
    else if (!told)
      return within(told, "reload after " + resource.destination + " changed");
  }
  not_reloaded_.erase(resource.destination);
  return {};
}

}  // namespace weft::confd
