// ppnctl pair open and close: whether newcomers may come by this member.
#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/pair_documents.hpp"
#include "tools/ppnctl/pair_place.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

int set_door(const Global& global, const Json& wish) {
  auto document = Client{global.socket}.commit("/v1/pairing/door", wish);
  if (!document) return fail(document.error());
  auto seconds = read_pair_door(*document);
  if (!seconds) return fail(seconds.error());
  if (global.json)
    fmt::print("{}\n", json_line(*document));
  else if (*seconds == 0)
    fmt::print("no newcomer may come by this member any more\n");
  else
    fmt::print(
        "newcomers may come by this member for {}: on each, ppnctl pair join "
        "--via HOST\n",
        duration_words(*seconds));
  return exit_ok;
}

}  // namespace

int pair_open(const Global& global, const PairOpenOptions& options) {
  Json wish{{"seconds", options.seconds}};
  if (options.only_from) {
    auto from = resolve_place(*options.only_from, Port::none);
    if (!from) return fail(from.error());
    wish["only_from"] = *from;
  }
  return set_door(global, wish);
}

int pair_close(const Global& global) {
  return set_door(global, {{"seconds", 0}});
}

}  // namespace ppn::ctl
