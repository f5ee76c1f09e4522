// ppnctl mesh rotate-key: another key for the tunnels of this node. The node
// goes on with it by itself; this program shows how far it is.
#include "tools/ppnctl/mesh_rotate_key.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/mesh_change.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::chrono::milliseconds look_interval{500};

Result<Peers> get_peers(const Global& global) {
  auto document = Client{global.socket}.get("/v1/peers");
  if (!document) return document.error();
  return read_peers(*document);
}

/// Says each step once, until the rotation is over.
int follow(const Global& global) {
  end_when_interrupted(
      "the rotation goes on by itself: ppnctl peers shows how far it is\n");
  std::string said;
  for (;; std::this_thread::sleep_for(look_interval)) {
    auto peers = get_peers(global);
    if (!peers) return fail(peers.error());
    if (!peers->rotation) {
      fmt::print("the tunnels have the key {}\n",
                 printable(peers->public_key.value_or("(none)")));
      return exit_ok;
    }
    auto words = rotation_words(*peers->rotation);
    if (peers->problem) words += "\nproblem: " + printable(*peers->problem);
    if (words != said) say(words + '\n');
    said = std::move(words);
  }
}

}  // namespace

std::string rotation_words(const Rotation& rotation) {
  auto key = printable(rotation.public_key);
  if (rotation.is_in_use)
    return key + " is in use; the authority is still to record it";
  if (!rotation.is_announced)
    return key + " waits for the authority to announce it";
  if (rotation.is_forced || rotation.waits_for.empty())
    return key + " is announced, and about to be used";
  std::string names;
  for (const auto& name : rotation.waits_for)
    names += (names.empty() ? "" : ", ") + printable(name);
  return key + " is announced; not acknowledged by " + names +
         " (--force: do not wait)";
}

int mesh_rotate_key(const Global& global, const MeshRotateKeyOptions& options) {
  auto code = propose(global, options.consent, rotate_key_change(options));
  bool follows = code == exit_ok && !options.no_wait && !global.json &&
                 !options.consent.propose;
  return follows ? follow(global) : code;
}

}  // namespace ppn::ctl
