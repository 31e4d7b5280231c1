#include "ctl/request.h"

#include <fmt/core.h>

#include <filesystem>

#include "client/objects.h"

namespace weft::ctl {

Result<const api::Kind*> kind_of(Request& request) {
  if (request.kind.empty()) return nullptr;
  // calicoctl does not look at a kind, or what should be one, beside a file.
  if (request.voice == Voice::calicoctl && !request.file.empty()) return nullptr;
  if (const auto slash = request.kind.find('/'); slash != std::string::npos) {
    request.names.insert(request.names.begin(), request.kind.substr(slash + 1));
    request.kind.resize(slash);
  }
  const auto* kind = TRY(find_kind(request.kind));
  for (const auto& name : request.names) {
    if (name.empty()) return fail(Code::invalid, "resource name may not be empty");
  }
  return kind;
}

Result<Documents> documents_of(const Request& request) {
  auto documents = TRY(read_documents(request.file, request.scope, request.recursive));
  if (!documents.empty.empty() && !request.skip_empty) {
    std::error_code ignored;
    const auto& file = documents.empty.front();
    return fail(Code::invalid, fmt::format("no resources specified in {} {}",
                                           std::filesystem::is_directory(file, ignored) ? "directory" : "file", file));
  }
  return documents;
}

Result<api::Object> named(const api::Kind& kind, const std::string& name, const Request& request) {
  if (request.scope.all && request.scope.namespace_.empty() && kind.namespaced)
    return fail(Code::invalid, "cannot use --all-namespace flag for getting a single resource");
  api::Object object{&kind, kind.make()};
  object.metadata().name = name;
  TRY(settle_namespace(object, request.scope));
  return object;
}

void add_file_options(cli::Command& command, Request& request) {
  command.option("-f,--filename", request.file,
                 "a file with resources, YAML or JSON; a folder of such files; - is "
                 "standard input");
  command.flag("-R,--recursive", request.recursive, "the folders in that folder, too");
  command.flag("--skip-empty", request.skip_empty, "a file without resources is no error");
}

void offer_kinds_and_names(cli::Command& command, Request& request) {
  command.offers("KIND", kind_words());
  command.offers("NAME", [&request]() -> std::vector<std::string> {
    const auto* kind = api::find_kind(request.kind);
    const auto store = open_store(request.access);
    if (!kind || !store) return {};
    const std::string prefix = api::prefix_of(*kind);
    const std::string namespace_ = request.scope.namespace_.empty() ? "default" : request.scope.namespace_;
    const auto listing = (*store)->list(kind->namespaced ? prefix + namespace_ + '/' : prefix);
    std::vector<std::string> names;
    if (!listing) return names;
    for (const auto& entry : listing->entries) names.push_back(entry.key.substr(entry.key.rfind('/') + 1));
    return names;
  });
}

}  // namespace weft::ctl
