#include "tests/simulation/world.hpp"

#include <algorithm>

#include "actors/device.hpp"
#include "store/remains.hpp"
#include "tests/simulation/bulk.hpp"
#include "tests/simulation/ceremonies.hpp"
#include "tests/simulation/clones.hpp"
#include "tests/simulation/fleet_faults.hpp"
#include "tests/simulation/fleet_operators.hpp"
#include "tests/simulation/fleet_watch.hpp"
#include "tests/simulation/guests.hpp"
#include "tests/simulation/intruders.hpp"
#include "tests/simulation/liars.hpp"
#include "tests/simulation/mesh_operators.hpp"
#include "tests/simulation/mesh_ports.hpp"
#include "tests/simulation/mesh_rules.hpp"
#include "tests/simulation/rewrites.hpp"
#include "tests/simulation/tampering.hpp"
#include "tests/simulation/vm_memory.hpp"
#include "tests/simulation/vm_operators.hpp"
#include "tests/simulation/vm_rules.hpp"

namespace ppn::simulation {

namespace {

using actors::ClockPort;
using store::ErrorCode;

constexpr std::int64_t some_date_ns = 1'780'000'000'000'000'000;
/// After the faults stop, everything must have come to rest in this time.
constexpr std::uint64_t healing_ns = 15 * minute;
/// So small that a run writes many; in a large world each of them is.
constexpr std::uint64_t snapshot_entries = 16;
constexpr std::uint64_t snapshot_entries_of_many = 1024;
/// A key that was removed is off a device so soon after that is known there.
constexpr std::uint64_t removal_ns = 2 * second;
/// Somebody who was kept from it needs so long: who died may come back late.
constexpr std::uint64_t recovery_ns = 100 * second;
/// What a mesh may lead to by itself in a day without faults, and beside that
/// for each version of the roster.
constexpr std::uint64_t unasked_a_day = 50;
constexpr std::uint64_t unasked_a_version = 6;

class World {
 public:
  explicit World(const Settings& settings)
      : settings_(settings), scene_(settings) {
    claim_new_actors(nullptr);
  }

  ~World() {
    for (auto& host : scene_.hosts) kill(host);
    kill(scene_.clone);
    scene_.end();
  }

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run() {
    for (std::size_t i = 0; i < scene_.hosts.size(); ++i)
      move_in(scene_.hosts[i], i);
    keep_alive(scene_.clone);
    plan(random_below(minute), [this] { operate_mesh(); });
    if (scene_.is_large())
      plan(0, [this] { gather(); });
    else
      guests_.begin();
    liars_.begin();
    run_until(static_cast<std::uint64_t>(settings_.hours *
                                         static_cast<double>(hour)));
    heal();
    run_until(now() + healing_ns);
    if (!scene_.violation) check_rest();
    if (!scene_.is_large()) guests_.visit();
    run_until(now() + visit_ns);
    Outcome outcome;
    outcome.violation = scene_.violation;
    outcome.trace_hash = scene_.trace.hash();
    outcome.last_draw = scene_.random.next();
    outcome.simulated_ns = now();
    outcome.steps = steps_;
    outcome.restarts = restarts_;
    outcome.roster_versions = history_.records().size();
    for (const auto& host : scene_.hosts)
      outcome.entries += host.disk.entries();
    return outcome;
  }

 private:
  // -- steps ------------------------------------------------------------------

  [[nodiscard]] std::uint64_t now() const { return scene_.now(); }

  void run_until(std::uint64_t end) {
    while (!scene_.violation && now() < end) {
      if (!step_by_chance() && !scene_.coordinator.trigger_timeout()) return;
      scene_.trace.set_time(now());
      scene_.finish_step();
      clones_.look();
    }
  }

  /// One message of one actor, chosen by chance. False if nobody can run.
  bool step_by_chance() {
    auto& jobs = scene_.coordinator.jobs;
    if (jobs.empty()) return false;
    auto first = scene_.random.below(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      auto chosen = (first + i) % jobs.size();
      auto* host = host_of(*jobs[chosen]);
      if (host != nullptr && host->is_suspended) continue;
      // A slow host is overtaken by others, and by time.
      if (host != nullptr && host->is_slow && scene_.random.below(8) != 0)
        continue;
      if (host != nullptr && host->process && now() < host->hangs_until_ns &&
          id_of(*jobs[chosen]) == host->process->wireguard.id())
        continue;
      step(chosen, host);
      return true;
    }
    return false;
  }

  void step(std::size_t chosen, Host* host) {
    auto actor = id_of(*scene_.coordinator.jobs[chosen]);
    run_job(scene_.coordinator, chosen);
    ++steps_;
    claim_new_actors(host);
    if (host == nullptr) return;
    bool is_clone = host == &scene_.clone;
    if (auto complaint = check(*host, actor, scene_.trace,
                               is_clone ? nullptr : &history_,
                               is_clone ? nullptr : &fleet_rules_))
      violate(*host, *complaint);
    fleet_faults_.follow();
    datagrams_.check_believed(*host, actor);
    if (!is_clone) fleet_watch_.follow(*host);
    clones_.follow(*host);
    if (scene_.faults.on(Fault::wireguard_hangs)) note_wish(*host, now());
    notice_removals(*host);
    notice_death(*host);
  }

  static void note_wish(Host& host, std::uint64_t now_ns) {
    const auto* device =
        host.process
            ->look_into_kept<actors::DeviceState, actors::DeviceActor>();
    const auto* wish = device == nullptr ? nullptr : device->wish.get();
    if (wish == host.wish) return;
    host.wish = wish;
    host.wished_ns = now_ns;
  }

  /// A key that was removed must be off the device soon.
  void notice_removals(Host& host) {
    const auto& mesh = host.shadow.state().mesh;
    if (place_of(mesh) == host.roster) return;
    host.roster = place_of(mesh);
    // Who recovers the mesh may not have heard of a removal.
    std::set<events::TunnelKey> members;
    for (const auto& [node, member] : mesh.members)
      for (const auto& key : events::tunnel_keys_of(member))
        members.insert(key);
    note_named(host);
    std::erase_if(host.removed_ns, [&](const auto& removed) {
      return members.contains(removed.first);
    });
    for (const auto& [node, gone] : mesh.former)
      if (host.removed_ns.emplace(gone.tunnel_key, now()).second)
        plan(removal_ns + 1, [this, &host, key = gone.tunnel_key] {
          check_removed(host, key);
        });
  }

  void check_removed(Host& host, const events::TunnelKey& key) {
    auto removed = host.removed_ns.find(key);
    if (removed == host.removed_ns.end() ||
        !host.device.shown().peers.contains(key))
      return;
    auto since = std::max(kept_until(host) + recovery_ns, removed->second);
    if (now() > since + removal_ns && is_undisturbed(host))
      return violate(host, "its device keeps the key of a removed member");
    plan(10 * second, [this, &host, key] { check_removed(host, key); });
  }

  /// Whether nothing keeps the host from acting at once.
  [[nodiscard]] bool is_undisturbed(const Host& host) const {
    return host.process && !host.is_slow && !host.is_suspended &&
           now() >= host.hangs_until_ns &&
           !host.process->opened->ledger->failure();
  }

  /// Until when something kept it from acting at once.
  static std::uint64_t kept_until(const Host& host) {
    return std::max(host.disturbed_ns, host.hangs_until_ns);
  }

  /// Whoever was spawned in a step belongs to the host whose step it was.
  void claim_new_actors(Host* host) {
    owners_.resize(scene_.system.latest_actor_id() + 1, host);
  }

  /// Nobody else is ever a job here.
  static caf::actor_id id_of(caf::resumable& job) {
    return static_cast<caf::scheduled_actor&>(job).id();
  }

  Host* host_of(caf::resumable& job) {
    auto id = id_of(job);
    return id < owners_.size() ? owners_[id] : nullptr;
  }

  void violate(const Host& host, const std::string& what) {
    scene_.violate(host, what);
  }

  void plan(std::uint64_t delay_ns, std::function<void()> what) {
    scene_.plan(delay_ns, std::move(what));
  }
  void after_step(std::function<void()> change) {
    scene_.after_step(std::move(change));
  }
  [[nodiscard]] bool strikes(Fault fault) { return scene_.strikes(fault); }
  std::uint64_t some_time(std::uint64_t lowest) {
    return scene_.some_time(lowest);
  }
  std::uint64_t random_below(std::uint64_t bound) {
    return scene_.random.below(bound);
  }

  // -- life of a host ---------------------------------------------------------

  void move_in(Host& host, std::size_t index) {
    host.index = static_cast<int>(index);
    if (scene_.faults.on(Fault::clock_skewed))
      host.clock_skew_ns =
          static_cast<std::int64_t>(scene_.random.below(hour)) -
          static_cast<std::int64_t>(hour / 2);
    host.clock_synchronised = scene_.random.below(2) == 0;
    roam(host);
    start(host);
    plan(scene_.random.below(keepalive_ns),
         [this, &host] { keep_alive(host); });
    plan(scene_.random.below(minute), [this, &host] { befall(host); });
    plan(scene_.random.below(minute), [this, &host] { operate(host); });
  }

  DiskFaults disk_faults() {
    return {[this] {
              if (!strikes(Fault::commit_fails)) return CommitFate::done;
              return scene_.random.below(2) == 0 ? CommitFate::failed
                                                 : CommitFate::done_but_failed;
            },
            [this] { return strikes(Fault::disk_full); },
            [this] { return strikes(Fault::map_full); },
            [this] { return strikes(Fault::outside_fails); }};
  }

  store::Result<std::shared_ptr<actors::OpenLedger>> open(Host& host,
                                                          OpenDisk& disk) {
    store::LedgerOptions options;
    options.on_stage = [this, &host](store::CommitStage stage) {
      if (!host.process || !strikes(Fault::crash_in_commit)) return;
      scene_.trace.note(host.index, "crash in commit",
                        static_cast<std::uint64_t>(stage));
      host.process->disk->die();
      host.process->is_dying = true;
    };
    return actors::open_or_found(
        disk.parts(), {"host-" + std::to_string(host.index), host.rejoin},
        scene_.read_clock(host), std::move(options));
  }

  void start(Host& host) {
    if (host.process || host.is_off) return;
    if (&host != &scene_.clone) try_damage(host);
    auto process = std::make_unique<Process>();
    process->disk = std::make_unique<OpenDisk>(
        host.disk, disk_faults(), [this] { return scene_.random.next(); });
    auto opened = open(host, *process->disk);
    if (!opened) {
      scene_.trace.note(host.index, "not started",
                        static_cast<std::uint64_t>(opened.error().code));
      auto code = opened.error().code;
      bool by_a_fault = code == ErrorCode::io || code == ErrorCode::disk_full ||
                        code == ErrorCode::map_full;
      if (!by_a_fault || scene_.faults_over)
        return violate(host, "it does not start: " + opened.error().message);
      return plan_start(host, 10 * second);
    }
    process->opened = std::move(*opened);
    if (host.rejoin &&
        process->opened->state.node.replaces != host.rejoin->replaces)
      return violate(host, "its ledger does not say whom it replaces");
    host.process = std::move(process);
    spawn(host);
    claim_new_actors(&host);
    ++restarts_;
    host.disturbed_ns = now();
    scene_.trace.note(host.index, "start", host.disk.entries());
  }

  void spawn(Host& host) {
    auto& process = *host.process;
    process.clock = scene_.system.spawn(
        [](ClockPort::pointer, World* world,
           Host* of) -> ClockPort::behavior_type {
          return {
              [=](actors::read_atom) { return world->scene_.read_clock(*of); }};
        },
        this, &host);
    process.ledger = scene_.system.spawn(
        actors::ledger_actor, process.opened, process.clock,
        actors::LedgerSettings{
            {},
            scene_.is_large() ? snapshot_entries_of_many : snapshot_entries,
            process.disk->memory()});
    process.dial =
        scene_.system.spawn([](Dial::pointer self, World* world,
                               Host* of) { return world->dial(self, *of); },
                            this, &host);
    process.wire = scene_.system.spawn(
        [](Wire::pointer, World* world, Host* of) -> Wire::behavior_type {
          return {[=](frame_atom, const Frame& frame) {
            world->send_to_all(*of, frame);
          }};
        },
        this, &host);
    process.wireguard =
        scene_.system.spawn(wireguard_port, &scene_, &tunnels_, &host);
    process.mesh_wire = scene_.system.spawn(mesh_wire_port, &datagrams_, &host);
    process.journal = scene_.system.spawn(journal_port, &scene_, &host);
    process.pairing_wire =
        scene_.system.spawn(pairing_wire_port, &pairing_net_, &host);
    process.hypervisor = scene_.system.spawn(hypervisor_port, &scene_, &host);
    process.memory = scene_.system.spawn(memory_port, &scene_, &host);
    process.host = scene_.system.spawn(host_port, &scene_, &host);
    process.images = scene_.system.spawn(image_port, &scene_, &host);
    process.bulk = scene_.system.spawn(bulk_port, &bulk_, &host);
    process.reader = scene_.system.spawn(
        reader, ReaderParts{process.ledger, &host.disk,
                            [this] { return 1 + scene_.random.below(32); },
                            [this, &host](const std::string& what) {
                              violate(host, what);
                            }});
    CounterParts counter{process.ledger, process.clock, process.dial,
                         process.wire, static_cast<std::uint64_t>(host.index)};
    actors::Post post{
        CounterState::name,
        {"ledger", "clock", "dial", "wire"},
        [counter](actors::NodePointer self, const events::Node& node) {
          return caf::actor_cast<caf::actor>(
              self->spawn(counter_actor, counter, node.boot));
        }};
    actors::NodeParts parts;
    parts.ledger = process.ledger;
    parts.clock = process.clock;
    parts.wireguard = process.wireguard;
    parts.wire = process.mesh_wire;
    parts.journal = process.journal;
    parts.pairing_wire = process.pairing_wire;
    parts.hypervisor = process.hypervisor;
    parts.memory = process.memory;
    parts.host = process.host;
    parts.images = process.images;
    parts.bulk = process.bulk;
    parts.pool.guests_max = guests_max;
    parts.pool.vcpus_max = guests_vcpus_max;
    parts.pool.memory_mb = guests_memory_mb;
    parts.entropy = [this](std::span<std::uint8_t> bytes) {
      for (auto& byte : bytes)
        byte = static_cast<std::uint8_t>(scene_.random.below(256));
    };
    parts.listen_port = tunnel_port;
    parts.next_id = [this] { return scene_.next_id(); };
    parts.version = "simulated";
    if (!scene_.is_large()) parts.more_posts = {post};
    process.node = scene_.system.spawn(actors::node_actor, parts);
  }

  /// The process is gone at once; what it has sent within itself is too.
  void kill(Host& host) {
    if (!host.process) return;
    auto& process = *host.process;
    process.disk->die();
    process.is_dying = true;
    auto end = [](const auto& actor) {
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    };
    end(process.node);
    end(process.ledger);
    end(process.clock);
    end(process.dial);
    end(process.wire);
    end(process.wireguard);
    end(process.mesh_wire);
    end(process.journal);
    end(process.pairing_wire);
    end(process.hypervisor);
    end(process.memory);
    end(process.host);
    end(process.images);
    end(process.bulk);
    end(process.reader);
    scene_.coordinator.run_jobs_filtered(
        [&](caf::resumable* job) { return host_of(*job) == &host; });
    host.process.reset();
    pairing_net_.end(host);
    bulk_.end(host);
  }

  void crash(Host& host, const char* how) {
    if (!host.process) return;
    scene_.trace.note(host.index, how);
    kill(host);
    host.is_suspended = false;
    plan_start(host, scene_.faults_over ? second : some_time(second));
  }

  void reboot(Host& host) {
    crash(host, "reboot");
    host.machine_started_ns = now();
    host.device.vanish();
    end_vms(scene_, host);
  }

  void plan_start(Host& host, std::uint64_t delay_ns) {
    plan(delay_ns,
         [this, &host] { after_step([this, &host] { start(host); }); });
  }

  /// A process whose node or ledger is no more has ended.
  void notice_death(Host& host) {
    if (!host.process) return;
    bool is_alive =
        look_into<actors::NodeState>(host.process->node) != nullptr &&
        look_into<actors::LedgerActorState>(host.process->ledger) != nullptr;
    if (!is_alive || host.process->is_dying)
      after_step(
          [this, &host, with_machine = host.process->takes_machine_along] {
            if (with_machine) return reboot(host);
            crash(host, "ended");
          });
  }

  // -- what may befall a host -------------------------------------------------

  void befall(Host& host) {
    if (scene_.faults_over) return;
    plan(minute, [this, &host] { befall(host); });
    check_says_read_only(host);
    check_brings_back(host);
    if (strikes(Fault::crash))
      after_step([this, &host] { crash(host, "crash"); });
    if (strikes(Fault::reboot)) after_step([this, &host] { reboot(host); });
    if (strikes(Fault::stop)) stop(host);
    if (strikes(Fault::actor_dies)) kill_an_actor(host);
    if (strikes(Fault::slow))
      toggle(host, host.is_slow, "slow", some_time(minute));
    if (strikes(Fault::suspend)) close_lid(host, some_time(10 * minute));
    if (host.is_slow || host.is_suspended) host.disturbed_ns = now();
    check_device_stays_right(host);
    fleet_watch_.check(host);
    if (strikes(Fault::device_tampered)) tamper_now_and_then(host);
    if (strikes(Fault::host_roams)) roam(host);
    if (strikes(Fault::translated)) translate(host);
    if (strikes(Fault::tunnel_key_copied)) copy_tunnel_key(host);
    if (strikes(Fault::node_cloned))
      after_step([this, &host] { clones_.make(host); });
    if (strikes(Fault::withheld)) withhold(host);
    if (strikes(Fault::pairing_crowded)) intruders_.crowd(host);
    befall_vms(scene_, host);
    auto skew_ns = host.clock_skew_ns;
    if (strikes(Fault::clock_jumps))
      host.clock_skew_ns +=
          static_cast<std::int64_t>(scene_.random.below(2 * day)) -
          static_cast<std::int64_t>(day);
    if (strikes(Fault::clock_absurd))
      host.clock_skew_ns = scene_.random.below(2) == 0 ? -some_date_ns
                                                       : some_date_ns;
    if (skew_ns != host.clock_skew_ns) host.clock_changed_ns = now();
    if (strikes(Fault::partition)) cut(host, true);
    if (strikes(Fault::one_way_cut)) cut(host, false);
  }

  void close_lid(Host& host, std::uint64_t time_ns) {
    toggle(host, host.is_suspended, "suspend", time_ns);
  }

  void toggle(Host& host, bool& state, const char* what,
              std::uint64_t time_ns) {
    if (state) return;
    state = true;
    scene_.trace.note(host.index, what);
    plan(time_ns, [this, &host, &state] {
      state = false;
      host.disturbed_ns = now();
    });
  }

  void stop(Host& host) {
    if (!host.process || host.process->stop_asked) return;
    host.process->stop_asked = true;
    scene_.trace.note(host.index, "stop");
    caf::anon_send(host.process->node, actors::stop_atom::value,
                   schema::StopReason::requested);
  }

  void kill_an_actor(Host& host) {
    if (scene_.faults_over || !host.process) return;
    auto* node = look_into<actors::NodeState>(host.process->node);
    if (node == nullptr || node->kept.empty()) return;
    const auto& victim = node->kept[scene_.random.below(node->kept.size())];
    if (!victim.actor) return;
    scene_.trace.note(host.index, "actor dies");
    host.disturbed_ns = now();
    caf::anon_send_exit(victim.actor, caf::exit_reason::kill);
    // Some die again and again.
    if (scene_.random.below(2) == 0)
      plan(some_time(second), [this, &host] { kill_an_actor(host); });
  }

  /// A ledger that takes no more appends is said so soon.
  void check_says_read_only(Host& host) {
    const auto* node = host.process
                           ? look_into<actors::NodeState>(host.process->node)
                           : nullptr;
    bool failed = node != nullptr && host.process->opened->ledger->failure();
    if (!failed || host.is_slow || host.is_suspended) {
      host.silent_failures = 0;
      return;
    }
    if (node->mode != actors::NodeMode::read_only &&
        node->mode != actors::NodeMode::stopping && ++host.silent_failures > 2)
      return violate(host, "its ledger failed and it does not say so");
    // The operator sees it, and starts the node anew.
    if (scene_.random.below(4) == 0)
      after_step([this, &host] { crash(host, "operator restarts"); });
  }

  /// A device that somebody changed is set right.
  void check_device_stays_right(Host& host) {
    bool is_due = is_undisturbed(host) &&
                  kept_until(host) + recovery_ns < now() &&
                  host.clock_changed_ns + recovery_ns < now();
    auto complaint = is_due ? check_device(host, scene_.read_clock(host).utc_ns)
                            : Complaint{};
    if (!complaint)
      host.wrong_devices = 0;
    else if (++host.wrong_devices > 2)
      violate(host, *complaint);
  }

  /// Who died is back within a minute or so.
  void check_brings_back(Host& host) {
    const auto* node = host.process
                           ? look_into<actors::NodeState>(host.process->node)
                           : nullptr;
    bool any_dead = node != nullptr &&
                    node->mode == actors::NodeMode::running &&
                    std::any_of(node->kept.begin(), node->kept.end(),
                                [](const auto& one) { return !one.actor; });
    if (!any_dead || host.is_slow || host.is_suspended)
      host.dead_actors = 0;
    else if (++host.dead_actors > 3)
      violate(host, "an actor that died is not brought back");
  }

  // -- what may befall its tunnels --------------------------------------------

  void keep_alive(Host& host) {
    plan(keepalive_ns, [this, &host] { keep_alive(host); });
    tunnels_.keep_alive(host);
  }

  /// It is reached elsewhere from now on.
  void roam(Host& host) {
    auto where = "192." + std::to_string(host.index / 256) + "." +
                 std::to_string(host.index % 256) + "." +
                 std::to_string(1 + random_below(250));
    host.outside = *events::IpAddress::parse(where);
    scene_.trace.note(host.index, "roams");
  }

  /// It is behind one of two routers for a while.
  void translate(Host& host) {
    host.router = 1 + static_cast<int>(random_below(2));
    host.inside = *events::IpAddress::parse(
        "192.168." + std::to_string(1 + host.index / 240) + "." +
        std::to_string(10 + host.index % 240));
    scene_.trace.note(host.index, "is behind a router",
                      static_cast<std::uint64_t>(*host.router));
    plan(some_time(30 * minute), [&host] { host.router.reset(); });
  }

  /// Somebody who may change the device does, and it is not the node. Some do
  /// it again and again.
  void tamper_now_and_then(Host& host) {
    auto what = random_below(tamperings);
    tamper(scene_, host, what);
    if (!scene_.one_in(8)) return;
    auto interval = 10 * second + random_below(minute);
    auto times = 10 + random_below(30);
    for (std::uint64_t i = 1; i < times; ++i)
      plan(i * interval, [this, &host, what] {
        if (!scene_.faults_over) tamper(scene_, host, what);
      });
  }

  /// Another machine speaks with its key, in turns with the host.
  void copy_tunnel_key(Host& host) {
    if (host.copy) return;
    scene_.trace.note(host.index, "tunnel key copied");
    host.fights.clear();
    auto where = "198.51.100." + std::to_string(1 + random_below(250));
    host.copy = {*events::IpAddress::parse(where), tunnel_port};
    take_turns(host, now(), random_below(40));
  }

  void take_turns(Host& host, std::uint64_t since_ns, std::uint64_t turns) {
    if (scene_.faults_over || turns == 0) {
      host.copy.reset();
      return check_fights_seen(host, since_ns);
    }
    for (auto& other : scene_.hosts) {
      other.shadow.expect_fight(host.shadow.state().node.id);
      // Its device keeps the old key until it has its place back.
      if (host.rejoin) other.shadow.expect_fight(host.rejoin->replaces);
    }
    tunnels_.speak_as(host, *host.copy);
    plan(6 * second, [this, &host] { tunnels_.keep_alive(host); });
    plan(12 * second, [this, &host, since_ns, turns] {
      take_turns(host, since_ns, turns - 1);
    });
  }

  /// Whoever could see it has recorded it.
  void check_fights_seen(const Host& host, std::uint64_t since_ns) {
    constexpr int turns_min = 8;
    auto node = host.shadow.state().node.id;
    for (auto& other : scene_.hosts) {
      auto fight = host.fights.find(other.index);
      const auto& state = other.shadow.state();
      if (fight == host.fights.end() || fight->second.most_turns < turns_min ||
          !is_undisturbed(other) ||
          kept_until(other) + recovery_ns > since_ns ||
          other.clock_changed_ns > since_ns || !state.mesh.find(node))
        continue;
      if (!state.clashes.contains({node, schema::Clash::two_endpoints}))
        violate(other, "it does not say that two machines have one tunnel key");
    }
  }

  void withhold(Host& host) {
    switch (random_below(3)) {
      case 0:
        return toggle(host, host.keeps_roster, "keeps the roster", 10 * minute);
      case 1:
        return toggle(host, host.lies, "lies", 10 * minute);
      default:
        return toggle(host, host.keeps_from_others, "forwards nothing",
                      10 * minute);
    }
  }

  // -- damage while a node is down --------------------------------------------

  /// On a copy: what is found damaged is put right by the operator.
  void try_damage(Host& host) {
    if (host.disk.entries() == 0) return;
    if (strikes(Fault::bit_flip)) try_bit_flip(host);
    if (strikes(Fault::rollback)) try_rollback(host);
    if (strikes(Fault::history_rewritten)) rewrites_.rewrite(host);
    if (strikes(Fault::history_cut)) rewrites_.cut(host);
    if (scene_.random.below(3) == 0) host.backup = host.disk;
    if (strikes(Fault::tail_lost) && is_mesh_left_without(host))
      lose_tail(host);
  }

  void try_bit_flip(Host& host) {
    auto damaged = host.disk;
    auto& pairs = damaged.tables[scene_.random.below(damaged.tables.size())];
    if (pairs.empty()) return;
    auto pair = pairs.begin();
    std::advance(
        pair, static_cast<std::ptrdiff_t>(scene_.random.below(pairs.size())));
    auto bit = scene_.random.below(pair->second.size() * 8);
    pair->second[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    scene_.trace.note(host.index, "bit flip", bit, pair->first);
    if (!opens(host, damaged)) return;
    if (!audit(damaged)) violate(host, "a flipped bit is not found");
  }

  /// The disk with the ledger of some time before; nothing if that is no older
  /// than the checkpoint outside.
  static std::optional<Disk> rolled_back(const Host& host) {
    if (!host.backup || !host.disk.outside_checkpoint) return std::nullopt;
    auto disk = *host.backup;
    disk.outside_checkpoint = host.disk.outside_checkpoint;
    disk.keys = host.disk.keys;
    auto outside = store::parse_checkpoint(*disk.outside_checkpoint);
    if (!outside || outside->head.size <= disk.entries()) return std::nullopt;
    return disk;
  }

  void try_rollback(Host& host) {
    auto disk = rolled_back(host);
    if (!disk) return;
    scene_.trace.note(host.index, "rollback", disk->entries());
    if (opens(host, *disk))
      violate(host, "it starts on a ledger that was rolled back");
  }

  /// Or else it would have to be founded anew.
  [[nodiscard]] bool is_mesh_left_without(const Host& lost) const {
    return std::any_of(
        scene_.hosts.begin(), scene_.hosts.end(), [&](const Host& host) {
          const auto& state = host.shadow.state();
          return &host != &lost && state.mesh.find(state.node.id) != nullptr;
        });
  }

  /// What the operator does once the node refuses to start: it goes on under
  /// another identity, which says whom it replaces. Its device is as it was.
  void lose_tail(Host& host) {
    auto disk = rolled_back(host);
    if (!disk) return;
    scene_.trace.note(host.index, "tail lost", disk->entries());
    OpenDisk opened{*disk, no_faults(),
                    [this] { return scene_.random.next(); }};
    auto transaction = opened.parts().backend.read();
    auto remains =
        store::remains_of(transaction->get(), disk->outside_checkpoint);
    if (!remains || remains->node != host.shadow.state().node.id)
      return violate(host, "nobody can tell which node it was");
    auto outside = store::parse_checkpoint(*disk->outside_checkpoint);
    if (remains->size != outside->head.size)
      return violate(host, "the newest that is left of it is not told");
    begin_identity(host);
    host.rejoin = {remains->node, remains->checkpoint};
    host.disk.keys = disk->keys;
    host.disk.heads = disk->heads;
    host.device.forget_keys_but({});
  }

  bool opens(Host& host, Disk& disk) {
    OpenDisk opened{disk, no_faults(), [this] { return scene_.random.next(); }};
    return open(host, opened).ok();
  }

  // -- ports ------------------------------------------------------------------

  Dial::behavior_type dial(Dial::pointer self, Host& host) {
    return {
        [this, self, &host](set_atom, std::uint64_t incarnation,
                            std::uint64_t value) -> caf::result<bool> {
          scene_.trace.note(host.index, "dial set", value);
          if (strikes(Fault::dial_dumb)) return say_nothing<bool>(self, host);
          if (incarnation < host.dial_incarnation) return false;
          host.dial_incarnation = incarnation;
          host.dial_shows = value;
          if (strikes(Fault::dial_acts_silently))
            return say_nothing<bool>(self, host);
          return true;
        },
        [this, self, &host](actors::read_atom) -> caf::result<std::uint64_t> {
          scene_.trace.note(host.index, "dial read", host.dial_shows);
          if (strikes(Fault::dial_dumb))
            return say_nothing<std::uint64_t>(self, host);
          return host.dial_shows;
        },
    };
  }

  template <class T, class Self>
  caf::result<T> say_nothing(Self self, const Host& host) {
    scene_.trace.note(host.index, "dial says nothing");
    auto promise = self->template make_response_promise<T>();
    host.process->unanswered.push_back(promise);
    return promise;
  }

  void send_to_all(Host& from, const Frame& frame) {
    scene_.trace.note(from.index, "frame out", frame.count);
    for (auto& to : scene_.hosts) {
      if (&to == &from || strikes(Fault::frame_lost)) continue;
      post(from, to, frame);
      if (strikes(Fault::frame_repeated)) post(from, to, frame);
    }
  }

  void post(const Host& from, Host& to, const Frame& frame) {
    auto delay = strikes(Fault::frame_late) ? some_time(second)
                                            : scene_.random.below(second / 10);
    plan(delay, [this, &from, &to, frame, identity = from.identity] {
      if (from.identity != identity) return;
      bool heard = !scene_.deaf[static_cast<std::size_t>(to.index)]
                               [static_cast<std::size_t>(from.index)];
      if (!heard || !to.process) return;
      scene_.trace.note(to.index, "frame in", frame.count);
      if (auto counter = to.process->kept<CounterActor>(CounterState::name))
        caf::anon_send(counter, frame_atom::value, frame);
    });
  }

  void cut(Host& host, bool both_ways) {
    auto other = scene_.random.below(scene_.hosts.size());
    auto self = static_cast<std::size_t>(host.index);
    scene_.trace.note(host.index, both_ways ? "partition" : "one-way cut",
                      other);
    scene_.deaf[self][other] = true;
    if (both_ways) scene_.deaf[other][self] = true;
    plan(some_time(10 * second), [this, self, other] {
      scene_.deaf[self][other] = false;
      scene_.deaf[other][self] = false;
    });
  }

  // -- the operators ----------------------------------------------------------

  void operate(Host& host) {
    if (scene_.faults_over) return;
    // Of many hosts somebody always wants something.
    const auto& state = host.shadow.state();
    bool serves_many = scene_.is_large() &&
                       is_controller(state.mesh, state.node.id);
    plan(serves_many ? random_below(2 * second) : some_time(second / 10),
         [this, &host] { operate(host); });
    operators_.operate(host);
    if (!scene_.has_vms) return;
    if (scene_.one_in(4)) vm_operators_.operate(host);
    if (scene_.one_in(2)) fleet_operators_.operate(host);
  }

  void gather() {
    if (scene_.faults_over) return;
    plan(10 * second, [this] { gather(); });
    mesh_operators_.gather();
  }

  /// In a hurry as long as the mesh is small.
  void operate_mesh() {
    if (scene_.faults_over) return;
    bool is_small = history_.members().size() < scene_.hosts.size();
    plan(is_small ? random_below(2 * minute) : some_time(10 * second),
         [this] { operate_mesh(); });
    if (scene_.one_in(3)) ceremonies_.hold();
    mesh_operators_.operate();
  }

  /// Nothing of the old one is on its disk.
  static void begin_identity(Host& host) {
    host.identity += 1;
    host.disk = {};
    host.backup.reset();
    host.rejoin.reset();
    host.shadow = {};
    host.dial_shows = 0;
    host.dial_incarnation = 0;
    // The operator ends what guests it had.
    host.vms.clear();
    host.images.clear();
    host.roster = {};
    host.removed_ns.clear();
  }

  /// A machine is set up anew: nothing of it is left but where it stands.
  void reinstall(Host& host) {
    after_step([this, &host] {
      scene_.trace.note(host.index, "reinstall");
      kill(host);
      begin_identity(host);
      host.device.forget_all();
      plan_start(host, second);
    });
  }

  // -- the end ----------------------------------------------------------------

  /// Faults stop, and whatever is down is brought up.
  void heal() {
    if (scene_.violation) return;
    bring_all_but_one_to_reason();
    clones_.end();
    scene_.trace.note(-1, "healing");
    scene_.faults = {};
    scene_.faults_over = true;
    for (auto& cut : scene_.deaf) cut.assign(cut.size(), false);
    plan(second, [this] { put_right(); });
    for (auto& host : scene_.hosts) {
      host.is_slow = false;
      host.is_suspended = false;
      host.router.reset();
      heal_vms(scene_, host);
      if (host.process)
        crash(host, "operator restarts");
      else
        plan_start(host, second);
    }
  }

  /// One who is not the authority may go on to withhold: all must come to rest
  /// in spite of that.
  void bring_all_but_one_to_reason() {
    auto withholds = [](const Host& host) {
      return host.keeps_roster || host.keeps_from_others || host.lies;
    };
    auto one =
        std::find_if(scene_.hosts.begin(), scene_.hosts.end(), withholds);
    for (auto& host : scene_.hosts) {
      bool goes_on = one != scene_.hosts.end() && &host == &*one &&
                     host.shadow.state().node.id != history_.authority();
      if (goes_on)
        scene_.trace.note(host.index, "goes on to withhold");
      else
        host.keeps_roster = host.keeps_from_others = host.lies = false;
    }
  }

  /// What no node can mend by itself the operators do.
  void put_right() {
    plan(minute, [this] { put_right(); });
    mesh_operators_.put_right();
    ceremonies_.hold_at_rest();
  }

  void check_rest() {
    check_mesh_at_rest();
    ceremonies_.check();
    for (auto& host : scene_.hosts) {
      if (auto complaint = check_at_rest(host)) violate(host, *complaint);
      if (auto complaint = host.shadow.check_full_replay(host.disk))
        violate(host, *complaint);
      if (auto complaint = audit(host.disk)) violate(host, *complaint);
    }
  }

  void check_mesh_at_rest() {
    std::set<NodeId> liars;
    for (const auto& host : scene_.hosts)
      if (host.keeps_roster || host.lies)
        liars.insert(host.shadow.state().node.id);
    std::int64_t authority_ns = 0;
    if (history_.version() != 0)
      if (const auto* authority = scene_.host_of(history_.authority()))
        authority_ns = scene_.read_clock(*authority).utc_ns;
    for (auto& host : scene_.hosts) {
      if (history_.members().contains(host.shadow.state().node.id)) {
        scene_.check(host, check_member_at_rest(host, history_, liars,
                                                scene_.read_clock(host).utc_ns,
                                                authority_ns));
        scene_.check(host, fleet_watch_.check_at_rest(host));
        scene_.check(host, fleet_rules_.check_at_rest(host.shadow.state()));
        scene_.check(host, rewrites_.check_at_rest(host));
      } else {
        check_reaches_nobody(host);
      }
      if (settings_.without_faults) check_is_quiet(host);
    }
  }

  /// Who was removed. It may reach others that a recovery left behind with it,
  /// one of them at an address that is a member's now.
  void check_reaches_nobody(Host& host) {
    if (host.device.shown().addresses.empty()) return;
    auto from = host.device.shown().addresses.front().address;
    for (const auto& [node, member] : history_.members()) {
      auto to = *events::IpAddress::of(member.address);
      auto* reached = to == from ? nullptr
                                 : tunnels_.carry(host, from, to, 128);
      // Whoever was replaced may still have the address, and not know it.
      if (reached != nullptr && reached != &host &&
          reached->shadow.state().node.id == node)
        violate(host, "it was removed and reaches " + member.name);
    }
  }

  void check_is_quiet(const Host& host) {
    auto days = 1 + now() / day;
    auto allowed =
        unasked_a_day * days + unasked_a_version * history_.records().size();
    if (host.shadow.unasked() > allowed)
      violate(host, "its mesh led to " + std::to_string(host.shadow.unasked()) +
                        " entries though nothing happened");
  }

  Complaint check_at_rest(const Host& host) {
    const auto* node = host.process
                           ? look_into<actors::NodeState>(host.process->node)
                           : nullptr;
    if (node == nullptr) return "it is not up though all faults are over";
    if (node->mode != actors::NodeMode::running)
      return "it is not running though all faults are over";
    const auto* following = look_into<ReaderState>(host.process->reader);
    if (following == nullptr || following->read != host.shadow.entries())
      return "who follows its ledger has not read all of it";
    if (auto complaint = check_vms_at_rest(host)) return complaint;
    return scene_.is_large() ? Complaint{} : check_counter_at_rest(host);
  }

  Complaint check_counter_at_rest(const Host& host) {
    const auto* counter =
        host.process->look_into_kept<CounterState, CounterActor>();
    if (counter == nullptr || !counter->aggregate.idle())
      return "its counter does not come to rest";
    if (host.dial_shows != host.shadow.counts())
      return "its dial shows " + std::to_string(host.dial_shows) +
             " and it counted to " + std::to_string(host.shadow.counts());
    for (const auto& other : scene_.hosts) {
      if (&other == &host) continue;
      auto told = counter->told.find(static_cast<std::uint64_t>(other.index));
      if (told == counter->told.end() || told->second != other.shadow.counts())
        return "it does not know how far host " + std::to_string(other.index) +
               " counted";
    }
    return {};
  }

  Settings settings_;
  Scene scene_;
  Tunnels tunnels_{scene_};
  Guests guests_{scene_, tunnels_, [this](Host& host) {
                   after_step([this, &host] { crash(host, "is restarted"); });
                 }};
  PairingNet pairing_net_{scene_, tunnels_};
  BulkNet bulk_{scene_, tunnels_};
  RosterHistory history_;
  Rewrites rewrites_{scene_, history_};
  FleetRules fleet_rules_;
  FleetFaults fleet_faults_{
      scene_, fleet_rules_, [this](Host& host) {
        after_step([this, &host] { crash(host, "dies at a request"); });
      }};
  Ceremonies ceremonies_{
      scene_, history_,
      [this](Host& host, std::uint64_t time_ns) { close_lid(host, time_ns); }};
  Intruders intruders_{scene_, pairing_net_, ceremonies_};
  Datagrams datagrams_{scene_, tunnels_, history_};
  Clones clones_{
      scene_,
      datagrams_,
      history_,
      {[this](Host& host) { start(host); }, [this](Host& host) { kill(host); },
       [this](Host& host) { crash(host, "operator restarts"); }}};
  FalseDispatches false_dispatches_{scene_, bulk_, fleet_rules_};
  Liars liars_{scene_, datagrams_, false_dispatches_};
  FleetWatch fleet_watch_{scene_};
  Operators operators_{scene_};
  VmOperators vm_operators_{scene_, operators_};
  FleetOperators fleet_operators_{scene_, operators_};
  MeshOperators mesh_operators_{scene_, operators_, history_,
                                [this](Host& host) { reinstall(host); }};
  /// By id of the actor; null for those of the world.
  std::vector<Host*> owners_;
  std::uint64_t steps_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace

Outcome run(const Settings& settings) { return World{settings}.run(); }

}  // namespace ppn::simulation
