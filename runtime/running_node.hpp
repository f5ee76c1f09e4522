// A node's actors with the real world around them.
#pragma once

#include <memory>

#include "actors/ledger.hpp"
#include "actors/node.hpp"
#include "runtime/actor_bridge.hpp"
#include "runtime/bulk_consoles.hpp"
#include "runtime/bulk_tcp.hpp"
#include "runtime/former_guests.hpp"
#include "runtime/hypervisor_qemu.hpp"
#include "runtime/pairing_wire_tcp.hpp"
#include "runtime/roster_views.hpp"
#include "runtime/tunnel_keys.hpp"
#include "runtime/wire_udp.hpp"
#include "store/lmdb_backend.hpp"

namespace ppn::runtime {

struct NodeSettings {
  std::string state_dir;
  /// Used when the node is founded.
  std::string name;
  std::string version;
  std::string interface;
  std::uint16_t listen_port = 0;
  /// TCP port of the ceremonies.
  std::uint16_t pairing_port = 9205;
  std::string hosts_file;
  HypervisorSettings hypervisor;
  events::PoolLimits pool;
  events::BalloonMarks balloons;
  std::uint64_t margin_mb = events::placement_margin_mb_usual;
  bool takes_dispatches = true;
  /// Who said to open although the checkpoint outside is missing or invalid.
  std::optional<store::Principal> accept_outside_checkpoint;
};

class RunningNode {
 public:
  /// Opens the ledger, or founds the node, and spawns its actors. What is wrong
  /// keeps it from starting; see actors::open_or_found, and locked, key.
  static store::Result<std::unique_ptr<RunningNode>> start(
      const NodeSettings& settings, boost::asio::io_context& io,
      ActorBridge::OnGrowth on_growth, ActorBridge::OnEnd on_end);

  /// Ends the actors as they are; what is durable stays.
  ~RunningNode();
  RunningNode(const RunningNode&) = delete;
  RunningNode& operator=(const RunningNode&) = delete;

  [[nodiscard]] ActorBridge& bridge() { return *bridge_; }
  [[nodiscard]] const actors::NodeActor& node() const { return node_; }
  [[nodiscard]] const actors::LedgerActor& ledger() const { return ledger_; }
  [[nodiscard]] const NodeId& id() const { return id_; }
  [[nodiscard]] const QemuHypervisor& hypervisor() const { return *qemu_; }
  /// Of the I/O thread.
  [[nodiscard]] BulkConsoles& consoles_elsewhere() {
    return *consoles_elsewhere_;
  }

  /// Of the identity before this one; null if there was none.
  [[nodiscard]] const std::shared_ptr<const FormerGuests>& former_guests()
      const {
    return former_guests_;
  }

  /// The number of entries there were, and the time of the newest, by the clock
  /// of then.
  [[nodiscard]] std::uint64_t entries_at_start() const {
    return entries_at_start_;
  }
  [[nodiscard]] std::int64_t newest_entry_ns() const {
    return newest_entry_ns_;
  }

 private:
  struct Scheduling : caf::actor_system_config {
    Scheduling();
  };

  RunningNode(std::unique_ptr<store::LmdbBackend> backend,
              std::unique_ptr<store::FileKeyStore> keys,
              std::shared_ptr<TunnelKeys> tunnel_keys,
              const std::filesystem::path& outside);

  store::Status open(const NodeSettings& settings,
                     const store::Founding& founding);
  store::Status read_newest_entry();
  void spawn(const NodeSettings& settings, boost::asio::io_context& io,
             ActorBridge::OnGrowth on_growth, ActorBridge::OnEnd on_end);

  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::FileKeyStore> keys_;
  std::shared_ptr<TunnelKeys> tunnel_keys_;
  store::OutsideCheckpointFile outside_;
  std::shared_ptr<actors::OpenLedger> opened_;
  NodeId id_;
  std::shared_ptr<const FormerGuests> former_guests_;
  std::uint64_t entries_at_start_ = 0;
  std::int64_t newest_entry_ns_ = 0;

  Scheduling scheduling_;
  caf::actor_system system_{scheduling_};
  std::unique_ptr<UdpWire> udp_;
  std::unique_ptr<TcpPairingWire> pairing_tcp_;
  std::unique_ptr<QemuHypervisor> qemu_;
  std::unique_ptr<TcpBulk> bulk_tcp_;
  std::unique_ptr<BulkConsoles> consoles_elsewhere_;
  actors::ClockPort clock_;
  actors::WireguardPort wireguard_;
  actors::WirePort wire_;
  actors::PairingWirePort pairing_wire_;
  actors::HypervisorPort hypervisor_;
  actors::MemoryPort memory_;
  actors::HostPort host_;
  actors::ImagePort images_;
  actors::BulkPort bulk_;
  actors::JournalPort journal_;
  actors::LedgerActor ledger_;
  actors::NodeActor node_;
  RosterViews views_;
  std::unique_ptr<ActorBridge> bridge_;
};

}  // namespace ppn::runtime
