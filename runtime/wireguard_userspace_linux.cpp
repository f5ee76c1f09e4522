// WireGuard by a program that holds a TUN device. It is started here, outlives
// this process, and takes its interface along when it ends.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "runtime/link_change_linux.hpp"
#include "runtime/program_linux.hpp"
#include "runtime/uapi.hpp"
#include "runtime/uapi_client.hpp"
#include "runtime/wireguard.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::Status;

namespace {

constexpr std::chrono::seconds patience{15};

/// Of all that it could be told, boringtun is told to keep the right to open
/// sockets, and not to write a file that any user may have put there.
const std::vector<std::string> environment = {"WG_SUDO=1",
                                              "WG_LOG_FILE=/dev/null"};

struct Program {
  const char* file;
  UapiDialect dialect;
};
constexpr std::array programs{
    Program{"wireguard-go", UapiDialect::wireguard_go},
    Program{"boringtun-cli", UapiDialect::boringtun},
    Program{"boringtun", UapiDialect::boringtun},
};

std::int64_t utc_ns() {
  return std::chrono::nanoseconds{
      std::chrono::system_clock::now().time_since_epoch()}
      .count();
}

struct InstalledProgram {
  fs::path path;
  UapiDialect dialect;
};

store::Result<InstalledProgram> find_installed() {
  for (const auto& program : programs)
    if (auto path = find_program(program.file))
      return InstalledProgram{std::move(*path), program.dialect};
  return Error{ErrorCode::not_found,
               "neither wireguard-go nor boringtun is installed"};
}

Status check_tun_device() {
  const char* device = "/dev/net/tun";
  store::FileHandle tun{::open(device, O_RDWR | O_CLOEXEC)};
  if (tun.open()) return {};
  auto error = store::system_error("open", device);
  error.message +=
      "; this kernel has no TUN devices, or keeps them from this "
      "process";
  return error;
}

/// What there is under the interface's name.
struct Found {
  enum class Kind : std::uint8_t {
    nothing,
    /// Nobody answers for what was ours.
    dead,
    /// A program that was started, and told nothing yet.
    unclaimed,
    ours,
  };

  Kind kind = Kind::nothing;
  Link link;
  events::ObservedDevice device;
};

class UserspaceWireguard final : public Wireguard {
 public:
  UserspaceWireguard(std::string interface, TunnelKeys& keys, Links links,
                     InstalledProgram program)
      : interface_(std::move(interface)),
        socket_("/var/run/wireguard/" + interface_ + ".sock"),
        keys_(keys),
        links_(std::move(links)),
        program_(std::move(program)),
        dialect_(program_.dialect) {}

  [[nodiscard]] std::string implementation() const override {
    return dialect_ == UapiDialect::boringtun ? "boringtun" : "wireguard-go";
  }

  store::Result<events::ObservedDevice> look() override {
    auto found = find();
    if (!found) return found.error();
    auto device = std::move(found->device);
    device.takes_v6 = found->link.takes_v6;
    if (found->kind != Found::Kind::ours) return device;
    device.exists = true;
    device.is_up = found->link.is_up;
    device.addresses = std::move(found->link.addresses);
    device.forwarded = std::move(found->link.forwarded);
    return device;
  }

  store::Result<Applied> apply(const events::DeviceChange& change) override {
    if (change.create)
      if (auto created = create(); !created) return created.error();
    auto possible = possible_for(change);
    if (!possible) return possible.error();
    if (auto told = tell(change, *possible); !told) return told.error();
    if (auto changed = change_link(links_, interface_, change); !changed)
      return changed.error();
    return Applied{possible->complete};
  }

 private:
  // -- finding ----------------------------------------------------------------

  store::Result<Found> find() {
    auto link = links_.look(interface_);
    if (!link) return link.error();
    if (!link->exists) return Found{Found::Kind::nothing, std::move(*link), {}};
    bool is_ours = link->alias == link_alias;
    if (!is_ours && (link->kind != "tun" || !link->alias.empty()))
      return belongs_to_somebody();
    auto device = ask_for_device();
    if (!device && device.error().code == ErrorCode::not_found)
      return is_ours ? Found{Found::Kind::dead, std::move(*link), {}}
                     : belongs_to_somebody();
    if (!device) return device.error();
    if (is_ours)
      return Found{Found::Kind::ours, std::move(*link), std::move(*device)};
    // It would be ours if a ppnd was killed before it could say so.
    if (device->key || !device->peers.empty() || !link->addresses.empty())
      return belongs_to_somebody();
    return Found{Found::Kind::unclaimed, std::move(*link), {}};
  }

  store::Result<Found> belongs_to_somebody() const {
    return Error{ErrorCode::bad_input,
                 "the interface " + interface_ +
                     " is there already and was not made by a ppnd; choose "
                     "another name, or remove it: ip link delete " +
                     interface_};
  }

  store::Result<events::ObservedDevice> ask_for_device() {
    auto answer = ask_uapi(socket_, uapi_get, patience);
    if (!answer) return answer.error();
    auto reply = parse_uapi_reply(*answer, utc_ns());
    if (!reply) return about_socket(reply.error());
    if (reply->dialect) dialect_ = *reply->dialect;
    return std::move(reply->device);
  }

  [[nodiscard]] Error about_socket(const Error& error) const {
    return {ErrorCode::io, implementation() + " on " + socket_.string() + ": " +
                               error.message};
  }

  // -- creating ---------------------------------------------------------------

  Status create() {
    auto found = find();
    if (!found) return found.error();
    if (found->kind == Found::Kind::dead)
      if (auto removed = links_.remove(interface_); !removed) return removed;
    bool is_missing = found->kind == Found::Kind::nothing ||
                      found->kind == Found::Kind::dead;
    if (is_missing)
      if (auto started = start(); !started) return started;
    return links_.set_alias(interface_);
  }

  Status start() {
    auto answer = ask_uapi(socket_, uapi_get, patience);
    if (answer || answer.error().code != ErrorCode::not_found)
      return Error{ErrorCode::bad_input,
                   "something listens on " + socket_.string() +
                       ", and the interface of that name is not here"};
    // What a program that was killed left behind.
    ::unlink(socket_.c_str());
    if (auto started =
            run_apart(program_.path, {interface_}, environment, patience);
        !started)
      return Error{started.error().code,
                   started.error().message + "; to see why: " +
                       program_.path.string() + " -f " + interface_};
    dialect_ = program_.dialect;
    auto device = ask_for_device();
    return device ? Status{} : device.error();
  }

  // -- changing ---------------------------------------------------------------

  store::Result<PossibleChanges> possible_for(
      const events::DeviceChange& change) {
    if (dialect_ != UapiDialect::boringtun || change.peers.empty())
      return keys_.possible(change.peers);
    auto device = ask_for_device();
    if (!device) return device.error();
    return keys_.possible(with_peers_added_again(change.peers, device->peers));
  }

  Status tell(const events::DeviceChange& change,
              const PossibleChanges& possible) {
    events::DeviceChange told;
    told.listen_port = change.listen_port;
    told.peers = possible.peers;
    if (!change.key) return send(uapi_set(told, {}, possible.preshared));
    return keys_.with_secret(*change.key, [&](TunnelKeys::Secret secret) {
      return send(uapi_set(told, secret, possible.preshared));
    });
  }

  Status send(const SecretText& request) {
    if (request.empty()) return {};
    auto answer = ask_uapi(socket_, request, patience);
    if (!answer) return Error{ErrorCode::io, answer.error().message};
    if (auto result = parse_uapi_result(*answer); !result)
      return about_socket(result.error());
    return {};
  }

  std::string interface_;
  fs::path socket_;
  TunnelKeys& keys_;
  Links links_;
  InstalledProgram program_;
  /// Of the program that runs, which may be another than would be started.
  UapiDialect dialect_;
};

}  // namespace

store::Result<std::unique_ptr<Wireguard>> open_userspace_wireguard(
    const std::string& interface, TunnelKeys& keys) {
  if (!is_interface_name(interface))
    return Error{ErrorCode::bad_input,
                 "'" + interface + "' is no name of an interface"};
  auto program = find_installed();
  if (!program) return program.error();
  if (auto there = check_tun_device(); !there) return there.error();
  auto links = Links::open();
  if (!links) return links.error();
  return std::unique_ptr<Wireguard>{std::make_unique<UserspaceWireguard>(
      interface, keys, std::move(*links), std::move(*program))};
}

}  // namespace ppn::runtime
