// ppnctl image add: a file of this host becomes an image. The node checks and
// copies it by itself; this program shows how far it is.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/image_text.hpp"
#include "tools/ppnctl/pair_progress.hpp"
#include "tools/ppnctl/pair_signal.hpp"
#include "tools/ppnctl/rate.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_commands.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

constexpr std::chrono::milliseconds interval{100};

Result<Json> wish_of(const ImageAddOptions& options) {
  std::error_code error;
  auto path = std::filesystem::absolute(options.file, error);
  if (error || options.file.empty())
    return Failure{exit_usage,
                   fmt::format("'{}' is no name of a file", options.file)};
  Json wish{{"path", path.string()}};
  if (options.name) wish["name"] = *options.name;
  return wish;
}

Result<ImageAdding> look_at(const Global& global, const std::string& id) {
  auto images = get_images(global);
  if (!images) return images.error();
  auto found =
      std::find_if(images->adding.begin(), images->adding.end(),
                   [&](const ImageAdding& adding) { return adding.id == id; });
  if (found == images->adding.end())
    return Failure{exit_failed, "ppnd was started again before it was added",
                   "is it there? ppnctl image list; else add it again"};
  return *found;
}

Result<ImageAdding> follow(const Global& global, const std::string& id) {
  SignalWait signals;
  PairProgress progress;
  bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  std::optional<Rate> rate;
  for (;;) {
    auto adding = look_at(global, id);
    if (!adding || adding->is_over()) return adding;
    if (!rate) rate.emplace(adding->done);
    if (is_terminal)
      progress.now(progress_text(*adding, rate->of(adding->done)));
    if (signals.comes_within(interval))
      return Failure{exit_interrupted, "interrupted; it is added all the same",
                     "how far it is: ppnctl image list"};
  }
}

std::string adding_line(const ImageAdding& adding) {
  Json document{{"schema", "ppnctl.image-add.v1"}};
  for (const auto& [name, value] : adding.document.items())
    document[name] = value;
  return json_line(document) + '\n';
}

int say_over(const Global& global, const ImageAdding& adding) {
  if (global.json) fmt::print("{}", adding_line(adding));
  if (adding.failure)
    return fail({exit_failed, fmt::format("{} was not added: {}", adding.name,
                                          *adding.failure)});
  if (adding.was_there) say("it was there already\n");
  if (!global.json)
    fmt::print("{}  {}\n", printable(*adding.digest), printable(adding.name));
  return exit_ok;
}

}  // namespace

int image_add(const Global& global, const ImageAddOptions& options) {
  auto wish = wish_of(options);
  if (!wish) return fail(wish.error());
  auto document = Client{global.socket}.commit("/v1/images", *wish);
  if (!document) return fail(document.error());
  auto id = read_image_begun(*document);
  if (!id) return fail(id.error());
  auto adding = follow(global, *id);
  return adding ? say_over(global, *adding) : fail(adding.error());
}

}  // namespace ppn::ctl
