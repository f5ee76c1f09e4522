// ppnctl peers: the tunnels, and why one is down.
#include "tools/ppnctl/peers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/clock.hpp"
#include "tools/ppnctl/commands.hpp"
#include "tools/ppnctl/mesh_rotate_key.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

/// A heading, and lines with a label below it.
class Block {
 public:
  Block(const char* what, const std::string& name)
      : text_(fmt::format("{}: {}\n", what, printable(name))) {}

  void add(const char* label, const std::string& value) {
    text_ += fmt::format("  {}: {}\n", label, printable(value));
  }
  /// Only what is there.
  void add(const char* label, const std::optional<std::string>& value) {
    if (value) add(label, *value);
  }
  void add(const char* label, const std::vector<std::string>& values) {
    if (!values.empty()) add(label, fmt::format("{}", fmt::join(values, ", ")));
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string interface_text(const Peers& peers, std::int64_t now_ns) {
  Block block{"interface", peers.interface};
  block.add("public key", peers.public_key.value_or("(none yet)"));
  if (peers.rotation) block.add("next key", rotation_words(*peers.rotation));
  if (peers.listen_port != 0)
    block.add("listening port", std::to_string(peers.listen_port));
  block.add("implementation",
            peers.implementation.empty() ? "(none yet)" : peers.implementation);
  block.add("addresses", peers.addresses);
  block.add("problem", peers.problem);
  block.add("seen",
            peers.seen_ns ? ago_words(*peers.seen_ns, now_ns) : "(not yet)");
  return block.text();
}

/// " for 1 hour"; nothing if it is not known.
std::string for_how_long(std::optional<std::int64_t> since_ns,
                         std::int64_t now_ns) {
  if (!since_ns || *since_ns > now_ns) return {};
  auto seconds = static_cast<std::uint64_t>(now_ns - *since_ns) / second_ns;
  return " for " + duration_words(seconds);
}

std::string state_of(const Peer& peer, std::int64_t now_ns) {
  if (!peer.is_up && !peer.is_down())
    return peer.path.starts_with("via ") ? "no direct tunnel" : "unreachable";
  return (peer.is_up ? "up" : "down") + for_how_long(peer.since_ns, now_ns);
}

std::string path_of(const Peer& peer, std::int64_t now_ns) {
  auto path = peer.path + for_how_long(peer.path_since_ns, now_ns);
  return peer.path_why ? path + ": " + *peer.path_why : path;
}

std::string peer_text(const Peer& peer, std::int64_t now_ns) {
  Block block{"peer", peer.name};
  block.add("state", state_of(peer, now_ns));
  block.add("why", peer.why);
  block.add("address", peer.address);
  block.add("public key", peer.public_key);
  block.add("path", path_of(peer, now_ns));
  block.add("trying", peer.called_at);
  block.add("tried", peer.tried);
  block.add("endpoint", peer.endpoint);
  block.add("allowed", peer.allowed);
  if (peer.handshake_ns)
    block.add("latest handshake", ago_words(*peer.handshake_ns, now_ns));
  if (peer.received_bytes != 0 || peer.sent_bytes != 0)
    block.add("transfer", fmt::format("{} received, {} sent",
                                      size_words(peer.received_bytes),
                                      size_words(peer.sent_bytes)));
  if (peer.keepalive_seconds != 0)
    block.add("keepalive",
              "every " + counted(peer.keepalive_seconds, "second", "seconds"));
  return block.text();
}

bool is_before(const Peer& a, const Peer& b) {
  if (a.handshake_ns != b.handshake_ns) return a.handshake_ns > b.handshake_ns;
  return a.name < b.name;
}

bool is_degraded(const Peers& peers) {
  return peers.problem ||
         std::any_of(peers.peers.begin(), peers.peers.end(),
                     [](const Peer& peer) { return peer.is_down(); });
}

}  // namespace

std::string peers_text(const Peers& peers, std::int64_t now_ns) {
  auto text = interface_text(peers, now_ns);
  if (peers.peers.empty()) return text + "\nno peers: see ppnctl mesh show\n";
  auto sorted = peers.peers;
  std::sort(sorted.begin(), sorted.end(), is_before);
  for (const auto& peer : sorted) text += '\n' + peer_text(peer, now_ns);
  if (peers.reaches_nobody())
    text +=
        fmt::format("\nnobody is reached. If that lasts, {}\n", bring_roster);
  return text;
}

std::string peers_check_text(const Peers& peers) {
  std::string text;
  if (peers.problem)
    text += fmt::format("{}: {}\n", printable(peers.interface),
                        printable(*peers.problem));
  for (const auto& peer : peers.peers)
    if (peer.is_down())
      text += fmt::format("{} is down: {}\n", printable(peer.name),
                          printable(peer.why.value_or("it is not said why")));
  return text;
}

int peers(const Global& global, const PeersOptions& options) {
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/peers");
    if (!document) return document.error();
    auto peers = read_peers(*document);
    if (!peers) return peers.error();
    Frame frame{{}, is_degraded(*peers) ? exit_degraded : exit_ok};
    if (global.json)
      frame.text = json_line(*document) + '\n';
    else if (options.check)
      frame.text = peers_check_text(*peers);
    else
      frame.text = peers_text(*peers, clock_now_ns());
    return frame;
  });
}

}  // namespace ppn::ctl
