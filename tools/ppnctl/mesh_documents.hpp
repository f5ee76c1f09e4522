// The documents of the mesh, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

struct Member {
  /// What it told last.
  struct Heard {
    std::uint64_t roster_version = 0;
    std::uint64_t roster_epoch = 0;
    std::optional<std::int64_t> utc_ns;
  };

  std::string name;
  std::vector<std::string> roles;
  std::string address;
  std::optional<std::string> address6;
  std::vector<std::string> endpoints;
  bool is_self = false;
  std::optional<Heard> heard;
  /// How it was seen that its key was used twice.
  std::optional<std::string> clash;
};

struct FormerMember {
  std::string name;
  std::string address;
  std::optional<std::int64_t> removed_ns;
  bool was_replaced = false;
};

struct Mesh {
  std::string name;
  std::string range;
  std::optional<std::string> range6;
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  /// After a recovery: how many entries of its roster are still to come.
  std::optional<std::uint64_t> left;
  /// This node still is a member.
  bool is_member = false;
  std::vector<Member> members;
  std::vector<FormerMember> former;
  /// How many frames were dropped, by what was wrong with them.
  std::map<std::string, std::uint64_t> dropped;
};
/// Nothing if the node is in no mesh.
Result<std::optional<Mesh>> read_mesh(const schema::Json& document);

struct Peer {
  std::string name;
  std::string address;
  std::string public_key;
  /// `direct`, `via hub`, `via` and another member's name, or `none`.
  std::string path;
  /// It is another one than in the beginning.
  std::optional<std::string> path_why;
  std::optional<std::int64_t> path_since_ns;
  /// Where it is tried to reach it now, and what was tried so far.
  std::optional<std::string> called_at;
  std::vector<std::string> tried;
  bool is_up = false;
  /// It is not up.
  std::optional<std::string> why;
  std::optional<std::string> endpoint;
  std::optional<std::int64_t> handshake_ns;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t keepalive_seconds = 0;
  std::vector<std::string> allowed;
  /// When it came up or went down.
  std::optional<std::int64_t> since_ns;

  /// Its packets need the tunnel between the two, and that is not up.
  [[nodiscard]] bool is_down() const { return path == "direct" && !is_up; }
};

/// A rotation of the key of this node's tunnels.
struct Rotation {
  std::string public_key;
  bool is_forced = false;
  bool is_announced = false;
  bool is_in_use = false;
  std::vector<std::string> waits_for;
};

struct Peers {
  std::string interface;
  /// Empty if there are no tunnels yet.
  std::string implementation;
  /// Why the device can not be set right.
  std::optional<std::string> problem;
  std::optional<std::string> public_key;
  std::optional<Rotation> rotation;
  std::uint64_t listen_port = 0;
  std::vector<std::string> addresses;
  std::optional<std::int64_t> seen_ns;
  std::vector<Peer> peers;

  /// There are others, and no tunnel to any of them is up.
  [[nodiscard]] bool reaches_nobody() const;
};
/// What helps a node that reaches nobody.
inline constexpr const char* bring_roster =
    "take what a member knows now: `ppnctl mesh export` there, `ppnctl mesh "
    "import` here";
Result<Peers> read_peers(const schema::Json& document);

/// What the next apply would change on the device, a line each.
Result<std::vector<std::string>> read_device_plan(const schema::Json& document);

}  // namespace ppn::ctl
