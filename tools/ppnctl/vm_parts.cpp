#include "tools/ppnctl/vm_parts.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/documents.hpp"
#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/image_find.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

Result<std::string> read_file(const std::string& path) {
  std::unique_ptr<std::FILE, Close> file{
      path == "-" ? stdin : std::fopen(path.c_str(), "rbe")};
  auto cannot = [&](const char* what) {
    return Failure{exit_failed, fmt::format("cannot {} {}: {}", what, path,
                                            std::strerror(errno))};
  };
  if (!file) return cannot("open");
  std::string text(user_data_bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return cannot("read");
  return text;
}

/// The id of the member of that name; nothing if there is none.
Result<std::optional<std::string>> find_member(const Client& client,
                                               const std::string& name) {
  auto document = client.get("/v1/mesh");
  if (!document) return document.error();
  Fields fields{*document, "ppn.mesh.v1"};
  const auto& mesh = fields.object_or_null("mesh");
  std::optional<std::string> found;
  if (!mesh.is_null())
    for (const auto& member : fields.array(mesh, "members"))
      if (fields.text(member, "name") == name)
        found = fields.text(member, "node");
  return fields.unless_faulty(std::move(found));
}

/// The id of a node: this one, or a member, by its name or that id.
Result<std::string> find_node(const Global& global,
                              const std::string& written) {
  if (NodeId::parse_hex(written)) return written;
  Client client{global.socket};
  auto document = client.get("/v1/status");
  if (!document) return document.error();
  auto status = read_status(*document);
  if (!status) return status.error();
  if (status->node_name == written) return status->node_id;
  auto member = find_member(client, written);
  if (!member) return member.error();
  if (*member) return **member;
  return Failure{exit_failed, fmt::format("no node is called {}", written),
                 fmt::format("this one is {}; for others see ppnctl mesh show",
                             status->node_name)};
}

}  // namespace

Result<std::string> read_user_data(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text;
  if (text->size() > user_data_bytes_max)
    return Failure{exit_usage, fmt::format("{} is larger than {} KiB", path,
                                           user_data_bytes_max / 1024)};
  if (text->empty() || !is_utf8(*text))
    return Failure{exit_usage,
                   fmt::format("{} is empty, or no text in UTF-8", path),
                   "what cloud-init reads begins with #cloud-config or #!"};
  return text;
}

Result<VmParts> gather_parts(const Global& global,
                             const VmCreateOptions& options) {
  VmParts parts;
  if (options.user_data) {
    auto text = read_user_data(*options.user_data);
    if (!text) return text.error();
    parts.user_data = std::move(*text);
  }
  // Of one for the fleet the controller looks it up.
  if (options.node && !options.fleet.is_meant) {
    auto node = find_node(global, *options.node);
    if (!node) return node.error();
    parts.node = std::move(*node);
  }
  if (needs_images(options)) {
    auto images = get_images(global);
    if (!images) return images.error();
    parts.images = std::move(images->images);
  }
  return parts;
}

}  // namespace ppn::ctl
