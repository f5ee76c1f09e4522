#include "runtime/running_node.hpp"

#include <sodium.h>

#include <algorithm>
#include <span>
#include <thread>

#include "runtime/clock_linux.hpp"
#include "runtime/console_log.hpp"
#include "runtime/host_linux.hpp"
#include "runtime/image_port.hpp"
#include "runtime/log.hpp"
#include "runtime/rejoin.hpp"
#include "runtime/wireguard_port.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"

namespace ppn::runtime {

namespace {

constexpr unsigned signers_max = 8;

Id random_id() {
  Id id;
  ::randombytes_buf(id.bytes.data(), id.bytes.size());
  return id;
}

void fill_randomly(std::span<std::uint8_t> bytes) {
  ::randombytes_buf(bytes.data(), bytes.size());
}

/// What the controller may be given of the guests here, if anything.
std::optional<OwnConsoles> consoles_of(const NodeSettings& settings,
                                       const QemuHypervisor& qemu) {
  if (!settings.takes_dispatches) return std::nullopt;
  return OwnConsoles{[guest_dir = settings.hypervisor.guest_dir](const Id& vm) {
                       return open_console_log(guest_dir, vm);
                     },
                     [&qemu](const Id& vm) { return qemu.take_serial(vm); }};
}

/// What actors have to say goes to the log.
actors::JournalPort::behavior_type journal_port(
    actors::JournalPort::pointer /*self*/, LogLevel level) {
  return {[level](actors::notice_atom, const actors::Notice& notice) {
    log(level, notice.event, notice.fields);
  }};
}

}  // namespace

RunningNode::Scheduling::Scheduling() {
  // One worker: nothing but the ledger blocks, and that has a thread of its
  // own.
  set("scheduler.max-threads", std::size_t{1});
  // Unlike the stealing of work, this sleeps while there is nothing to do.
  set("scheduler.policy", caf::atom("sharing"));
  set("logger.verbosity", caf::atom("quiet"));
}

RunningNode::RunningNode(std::unique_ptr<store::LmdbBackend> backend,
                         std::unique_ptr<store::FileKeyStore> keys,
                         std::shared_ptr<TunnelKeys> tunnel_keys,
                         const std::filesystem::path& outside)
    : backend_(std::move(backend)),
      keys_(std::move(keys)),
      tunnel_keys_(std::move(tunnel_keys)),
      outside_(outside) {}

store::Result<std::unique_ptr<RunningNode>> RunningNode::start(
    const NodeSettings& settings, boost::asio::io_context& io,
    ActorBridge::OnGrowth on_growth, ActorBridge::OnEnd on_end) {
  store::StateDirectory directory{settings.state_dir};
  auto founding = founding_in(directory, settings.name);
  if (!founding) return founding.error();
  auto former = read_former_guests(directory);
  auto backend = store::LmdbBackend::open_for_writing(directory);
  if (!backend) return backend.error();
  auto keys = store::FileKeyStore::open(directory.keys());
  if (!keys) return keys.error();
  auto tunnel_keys = TunnelKeys::open(directory.keys());
  if (!tunnel_keys) return tunnel_keys.error();
  std::unique_ptr<RunningNode> running{
      new RunningNode{std::move(*backend), std::move(*keys),
                      std::move(*tunnel_keys), directory.outside_checkpoint()}};
  if (auto opened = running->open(settings, *founding); !opened)
    return opened.error();
  for (auto& guests : former)
    if (guests.node == running->opened_->state.node.replaces)
      running->former_guests_ =
          std::make_shared<const FormerGuests>(std::move(guests));
  running->spawn(settings, io, std::move(on_growth), std::move(on_end));
  return running;
}

store::Status RunningNode::open(const NodeSettings& settings,
                                const store::Founding& founding) {
  store::LedgerOptions options;
  options.extra_signers =
      std::min(std::thread::hardware_concurrency(), signers_max + 1) - 1;
  options.accept_outside_checkpoint = settings.accept_outside_checkpoint;
  auto opened = open_founded({settings.state_dir},
                             {*backend_, *keys_, outside_}, founding,
                             std::move(options));
  if (!opened) return opened.error();
  opened_ = std::move(*opened);
  id_ = opened_->state.node.id;
  return read_newest_entry();
}

store::Status RunningNode::read_newest_entry() {
  auto transaction = backend_->read();
  if (!transaction) return transaction.error();
  store::LedgerView view{**transaction};
  entries_at_start_ = opened_->ledger->position().head.size;
  auto stored = view.record(entries_at_start_ - 1);
  if (!stored) return stored.error();
  store::AlignedBytes aligned;
  auto record = store::open_record(*stored, aligned);
  if (!record) return record.error();
  newest_entry_ns_ = record->entry->clock()->utc_ns();
  return {};
}

void RunningNode::spawn(const NodeSettings& settings,
                        boost::asio::io_context& io,
                        ActorBridge::OnGrowth on_growth,
                        ActorBridge::OnEnd on_end) {
  clock_ = system_.spawn(clock_port, read_clock);
  actors::LedgerSettings ledger;
  ledger.witness = std::make_shared<store::WitnessFolder>(
      store::StateDirectory{settings.state_dir}.witness());
  ledger_ = system_.spawn<caf::detached>(actors::ledger_actor, opened_, clock_,
                                         ledger);
  // A device is slow, and a program that is started slower.
  wireguard_ = system_.spawn<caf::detached>(
      wireguard_port, WireguardPortParts{settings.interface, tunnel_keys_});
  udp_ = std::make_unique<UdpWire>(io, settings.interface);
  wire_ = system_.spawn([](actors::WirePort::pointer self,
                           UdpWire* udp) { return udp->behaviour(self); },
                        udp_.get());
  pairing_tcp_ = std::make_unique<TcpPairingWire>(io, settings.interface,
                                                  settings.pairing_port);
  pairing_wire_ = system_.spawn(
      [](TcpPairingWire::Port::stateful_pointer<TcpPairingWire::Asked> self,
         TcpPairingWire* tcp) { return tcp->behaviour(self); },
      pairing_tcp_.get());
  auto guests = std::make_shared<GuestHost>(settings.hypervisor);
  qemu_ = std::make_unique<QemuHypervisor>(io, guests);
  hypervisor_ = system_.spawn<caf::detached>(
      [](QemuHypervisor::Port::stateful_pointer<QemuHypervisor::State> self,
         QemuHypervisor* qemu) { return qemu->behaviour(self); },
      qemu_.get());
  memory_ = system_.spawn(
      [](QemuHypervisor::Memory::stateful_pointer<QemuHypervisor::MemoryState>
             self,
         QemuHypervisor* qemu) { return qemu->memory_behaviour(self); },
      qemu_.get());
  // A disk that hangs keeps nobody else waiting.
  host_ =
      system_.spawn<caf::detached>(host_port, settings.hypervisor.guest_dir);
  images_ = system_.spawn<caf::detached>(image_port, guests);
  bulk_tcp_ = std::make_unique<TcpBulk>(
      BulkParts{settings.interface, bulk_port, images_of(guests),
                consoles_of(settings, *qemu_)});
  consoles_elsewhere_ = std::make_unique<BulkConsoles>(
      io, BulkWay{settings.interface, bulk_port});
  bulk_ = system_.spawn([](TcpBulk::Port::stateful_pointer<TcpBulk::Asked> self,
                           TcpBulk* tcp) { return tcp->behaviour(self); },
                        bulk_tcp_.get());
  journal_ = system_.spawn(journal_port, LogLevel::warning);
  actors::NodeParts parts;
  parts.ledger = ledger_;
  parts.clock = clock_;
  parts.wireguard = wireguard_;
  parts.wire = wire_;
  parts.pairing_wire = pairing_wire_;
  parts.journal = journal_;
  parts.hypervisor = hypervisor_;
  parts.memory = memory_;
  parts.host = host_;
  parts.images = images_;
  parts.bulk = bulk_;
  parts.pool = settings.pool;
  parts.balloons = settings.balloons;
  parts.margin_mb = settings.margin_mb;
  parts.takes_dispatches = settings.takes_dispatches;
  parts.listen_port = settings.listen_port;
  parts.entropy = fill_randomly;
  parts.next_id = random_id;
  parts.version = settings.version;
  node_ = system_.spawn(actors::node_actor, parts);
  views_ = system_.spawn<caf::detached>(
      roster_views,
      RosterViewsParts{ledger_, node_,
                       store::StateDirectory{settings.state_dir}.nodes_file(),
                       settings.hosts_file});
  bridge_ = std::make_unique<ActorBridge>(
      system_, io, ledger_, node_, std::move(on_growth), std::move(on_end));
}

RunningNode::~RunningNode() {
  bridge_.reset();
  for (const auto& actor : {caf::actor_cast<caf::actor>(node_),
                            caf::actor_cast<caf::actor>(ledger_),
                            caf::actor_cast<caf::actor>(wireguard_),
                            caf::actor_cast<caf::actor>(wire_),
                            caf::actor_cast<caf::actor>(pairing_wire_),
                            caf::actor_cast<caf::actor>(hypervisor_),
                            caf::actor_cast<caf::actor>(memory_),
                            caf::actor_cast<caf::actor>(host_),
                            caf::actor_cast<caf::actor>(images_),
                            caf::actor_cast<caf::actor>(bulk_),
                            caf::actor_cast<caf::actor>(journal_),
                            caf::actor_cast<caf::actor>(views_),
                            caf::actor_cast<caf::actor>(clock_)})
    if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
}

}  // namespace ppn::runtime
