#include "tests/simulation/world.hpp"

#include <algorithm>
#include <map>

#include "tests/simulation/coordinator.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/host.hpp"

namespace ppn::simulation {

namespace {

using actors::ClockPort;
using store::ErrorCode;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;
constexpr std::int64_t some_date_ns = 1'780'000'000'000'000'000;
/// After the faults stop, everything must have come to rest in this time.
constexpr std::uint64_t healing_ns = 15 * minute;
/// So small that a run writes many.
constexpr std::uint64_t snapshot_entries = 16;

/// Delivers what the world planned, in its time.
using Weather = caf::event_based_actor;

class World {
 public:
  explicit World(const Settings& settings)
      : settings_(settings),
        random_(settings.seed),
        trace_(settings.sink),
        system_(config_),
        coordinator_(coordinator_of(system_)) {
    if (!settings.without_faults)
      faults_ = Faults::drawn(random_, settings.faults);
    weather_ = system_.spawn(
        [](Weather* self, World* world) -> caf::behavior {
          world->weather_self_ = self;
          return {[world](happen_atom, std::uint64_t plan) {
            world->happen(plan);
          }};
        },
        this);
    claim_new_actors(nullptr);
    hosts_.resize(settings.hosts);
    deaf_.assign(settings.hosts, std::vector<bool>(settings.hosts));
  }

  ~World() {
    for (auto& host : hosts_) kill(host);
    caf::anon_send_exit(weather_, caf::exit_reason::kill);
    weather_ = nullptr;
    coordinator_.run();
  }

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome run() {
    for (std::size_t i = 0; i < hosts_.size(); ++i) move_in(hosts_[i], i);
    run_until(static_cast<std::uint64_t>(settings_.hours *
                                         static_cast<double>(hour)));
    heal();
    run_until(now() + healing_ns);
    if (!violation_) check_rest();
    Outcome outcome;
    outcome.violation = violation_;
    outcome.trace_hash = trace_.hash();
    outcome.last_draw = random_.next();
    outcome.simulated_ns = now();
    outcome.steps = steps_;
    outcome.restarts = restarts_;
    for (const auto& host : hosts_) outcome.entries += host.disk.entries();
    return outcome;
  }

 private:
  // -- steps ------------------------------------------------------------------

  [[nodiscard]] std::uint64_t now() const {
    return static_cast<std::uint64_t>(
        coordinator_.clock().now().time_since_epoch().count());
  }

  void run_until(std::uint64_t end) {
    while (!violation_ && now() < end) {
      if (!step_by_chance() && !coordinator_.trigger_timeout()) return;
      trace_.set_time(now());
      for (auto& change : std::exchange(changes_, {})) change();
    }
  }

  /// One message of one actor, chosen by chance. False if nobody can run.
  bool step_by_chance() {
    auto& jobs = coordinator_.jobs;
    if (jobs.empty()) return false;
    auto first = random_.below(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      auto chosen = (first + i) % jobs.size();
      auto* host = host_of(*jobs[chosen]);
      if (host != nullptr && host->is_suspended) continue;
      // A slow host is overtaken by others, and by time.
      if (host != nullptr && host->is_slow && random_.below(8) != 0) continue;
      step(chosen, host);
      return true;
    }
    return false;
  }

  void step(std::size_t chosen, Host* host) {
    auto actor = id_of(*coordinator_.jobs[chosen]);
    run_job(coordinator_, chosen);
    ++steps_;
    claim_new_actors(host);
    if (host == nullptr) return;
    if (auto complaint = check(*host, actor, trace_))
      violate(*host, *complaint);
    notice_death(*host);
  }

  /// Whoever was spawned in a step belongs to the host whose step it was.
  void claim_new_actors(Host* host) {
    owners_.resize(system_.latest_actor_id() + 1, host);
  }

  static caf::actor_id id_of(caf::resumable& job) {
    return dynamic_cast<caf::scheduled_actor&>(job).id();
  }

  Host* host_of(caf::resumable& job) {
    auto id = id_of(job);
    return id < owners_.size() ? owners_[id] : nullptr;
  }

  void violate(const Host& host, const std::string& what) {
    violate("host " + std::to_string(host.index) + ": " + what);
  }

  void violate(const std::string& what) {
    if (violation_) return;
    trace_.note(-1, "VIOLATION " + what);
    violation_ = what;
  }

  // -- plans ------------------------------------------------------------------

  void plan(std::uint64_t delay_ns, std::function<void()> what) {
    auto number = next_plan_++;
    plans_.emplace(number, std::move(what));
    caf::delayed_anon_send(weather_, std::chrono::nanoseconds(delay_ns),
                           happen_atom::value, number);
  }

  void happen(std::uint64_t number) {
    auto found = plans_.find(number);
    auto what = std::move(found->second);
    plans_.erase(found);
    what();
  }

  /// For what can not be done in the middle of a step.
  void after_step(std::function<void()> change) {
    changes_.push_back(std::move(change));
  }

  [[nodiscard]] bool strikes(Fault fault) {
    return faults_.strikes(fault, random_);
  }

  /// From lowest up to a thousand times as much, short ones more often.
  std::uint64_t some_time(std::uint64_t lowest) {
    auto scale = random_.below(4);
    auto time = lowest;
    for (std::uint64_t i = 0; i < scale; ++i) time *= 10;
    return time + random_.below(time);
  }

  // -- life of a host ---------------------------------------------------------

  void move_in(Host& host, std::size_t index) {
    host.index = static_cast<int>(index);
    if (faults_.on(Fault::clock_skewed))
      host.clock_skew_ns = static_cast<std::int64_t>(random_.below(hour)) -
                           static_cast<std::int64_t>(hour / 2);
    host.clock_synchronised = random_.below(2) == 0;
    start(host);
    plan(random_.below(minute), [this, &host] { befall(host); });
    plan(random_.below(minute), [this, &host] { operate(host); });
  }

  store::ClockReading read_clock(const Host& host) const {
    return {
        some_date_ns + static_cast<std::int64_t>(now()) + host.clock_skew_ns,
        now() - host.machine_started_ns, host.clock_synchronised};
  }

  Id next_id() {
    Id id;
    for (auto& byte : id.bytes)
      byte = static_cast<std::uint8_t>(random_.next());
    return id;
  }

  DiskFaults disk_faults() {
    return {[this] {
              if (!strikes(Fault::commit_fails)) return CommitFate::done;
              return random_.below(2) == 0 ? CommitFate::failed
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
      trace_.note(host.index, "crash in commit",
                  static_cast<std::uint64_t>(stage));
      host.process->disk->die();
      host.process->is_dying = true;
    };
    return actors::open_or_found(disk.parts(),
                                 "host-" + std::to_string(host.index),
                                 read_clock(host), std::move(options));
  }

  void start(Host& host) {
    if (host.process) return;
    try_damage(host);
    auto process = std::make_unique<Process>();
    process->disk = std::make_unique<OpenDisk>(
        host.disk, disk_faults(), [this] { return random_.next(); });
    auto opened = open(host, *process->disk);
    if (!opened) {
      trace_.note(host.index, "not started",
                  static_cast<std::uint64_t>(opened.error().code));
      auto code = opened.error().code;
      bool by_a_fault = code == ErrorCode::io || code == ErrorCode::disk_full ||
                        code == ErrorCode::map_full;
      if (!by_a_fault || faults_over_)
        return violate(host, "it does not start: " + opened.error().message);
      return plan_start(host, 10 * second);
    }
    process->opened = std::move(*opened);
    host.process = std::move(process);
    spawn(host);
    claim_new_actors(&host);
    ++restarts_;
    trace_.note(host.index, "start", host.disk.entries());
  }

  void spawn(Host& host) {
    auto& process = *host.process;
    process.clock = system_.spawn(
        [](ClockPort::pointer, World* world,
           Host* of) -> ClockPort::behavior_type {
          return {[=](actors::read_atom) { return world->read_clock(*of); }};
        },
        this, &host);
    process.ledger =
        system_.spawn(actors::ledger_actor, process.opened, process.clock,
                      actors::LedgerSettings{{}, snapshot_entries});
    process.dial =
        system_.spawn([](Dial::pointer self, World* world,
                         Host* of) { return world->dial(self, *of); },
                      this, &host);
    process.wire = system_.spawn(
        [](Wire::pointer, World* world, Host* of) -> Wire::behavior_type {
          return {[=](frame_atom, const Frame& frame) {
            world->send_to_all(*of, frame);
          }};
        },
        this, &host);
    process.reader = system_.spawn(
        reader, ReaderParts{process.ledger, &host.disk,
                            [this] { return 1 + random_.below(32); },
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
    parts.next_id = [this] { return next_id(); };
    parts.version = "simulated";
    parts.more_posts = {post};
    process.node = system_.spawn(actors::node_actor, parts);
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
    end(process.reader);
    coordinator_.run_jobs_filtered(
        [&](caf::resumable* job) { return host_of(*job) == &host; });
    host.process.reset();
  }

  void crash(Host& host, const char* how) {
    if (!host.process) return;
    trace_.note(host.index, how);
    kill(host);
    host.is_suspended = false;
    plan_start(host, faults_over_ ? second : some_time(second));
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
      after_step([this, &host] { crash(host, "ended"); });
  }

  // -- what may befall a host -------------------------------------------------

  void befall(Host& host) {
    if (faults_over_) return;
    plan(minute, [this, &host] { befall(host); });
    check_says_read_only(host);
    check_brings_back(host);
    if (strikes(Fault::crash))
      after_step([this, &host] { crash(host, "crash"); });
    if (strikes(Fault::reboot))
      after_step([this, &host] {
        crash(host, "reboot");
        host.machine_started_ns = now();
      });
    if (strikes(Fault::stop)) stop(host);
    if (strikes(Fault::actor_dies)) kill_an_actor(host);
    if (strikes(Fault::slow)) toggle(host, host.is_slow, "slow", minute);
    if (strikes(Fault::suspend))
      toggle(host, host.is_suspended, "suspend", 10 * minute);
    if (strikes(Fault::clock_jumps))
      host.clock_skew_ns += static_cast<std::int64_t>(random_.below(2 * day)) -
                            static_cast<std::int64_t>(day);
    if (strikes(Fault::clock_absurd))
      host.clock_skew_ns = random_.below(2) == 0 ? -some_date_ns : some_date_ns;
    if (strikes(Fault::partition)) cut(host, true);
    if (strikes(Fault::one_way_cut)) cut(host, false);
  }

  void toggle(Host& host, bool& state, const char* what,
              std::uint64_t lowest_time) {
    if (state) return;
    state = true;
    trace_.note(host.index, what);
    plan(some_time(lowest_time), [&state] { state = false; });
  }

  void stop(Host& host) {
    if (!host.process || host.process->stop_asked) return;
    host.process->stop_asked = true;
    trace_.note(host.index, "stop");
    caf::anon_send(host.process->node, actors::stop_atom::value,
                   schema::StopReason::requested);
  }

  void kill_an_actor(Host& host) {
    if (faults_over_ || !host.process) return;
    auto* node = look_into<actors::NodeState>(host.process->node);
    if (node == nullptr || node->kept.empty()) return;
    const auto& victim = node->kept[random_.below(node->kept.size())];
    if (!victim.actor) return;
    trace_.note(host.index, "actor dies");
    caf::anon_send_exit(victim.actor, caf::exit_reason::kill);
    // Some die again and again.
    if (random_.below(2) == 0)
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
    if (random_.below(4) == 0)
      after_step([this, &host] { crash(host, "operator restarts"); });
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

  // -- damage while a node is down --------------------------------------------

  /// On a copy: what is found damaged is put right by the operator.
  void try_damage(Host& host) {
    if (host.disk.entries() == 0) return;
    if (strikes(Fault::bit_flip)) try_bit_flip(host);
    if (strikes(Fault::rollback)) try_rollback(host);
    if (random_.below(8) == 0) host.backup = host.disk;
  }

  void try_bit_flip(Host& host) {
    auto damaged = host.disk;
    auto& pairs = damaged.tables[random_.below(damaged.tables.size())];
    if (pairs.empty()) return;
    auto pair = pairs.begin();
    std::advance(pair,
                 static_cast<std::ptrdiff_t>(random_.below(pairs.size())));
    auto bit = random_.below(pair->second.size() * 8);
    pair->second[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    trace_.note(host.index, "bit flip", bit, pair->first);
    if (!opens(host, damaged)) return;
    if (!audit(damaged)) violate(host, "a flipped bit is not found");
  }

  void try_rollback(Host& host) {
    if (!host.backup || host.backup->entries() == host.disk.entries()) return;
    auto rolled_back = *host.backup;
    rolled_back.outside_checkpoint = host.disk.outside_checkpoint;
    rolled_back.keys = host.disk.keys;
    auto outside = store::parse_checkpoint(*host.disk.outside_checkpoint);
    if (!outside || outside->head.size <= rolled_back.entries()) return;
    trace_.note(host.index, "rollback", rolled_back.entries());
    if (opens(host, rolled_back))
      violate(host, "it starts on a ledger that was rolled back");
  }

  bool opens(Host& host, Disk& disk) {
    OpenDisk opened{disk,
                    {[] { return CommitFate::done; }, [] { return false; },
                     [] { return false; }, [] { return false; }},
                    [this] { return random_.next(); }};
    return open(host, opened).ok();
  }

  // -- ports ------------------------------------------------------------------

  Dial::behavior_type dial(Dial::pointer self, Host& host) {
    return {
        [this, self, &host](set_atom, std::uint64_t incarnation,
                            std::uint64_t value) -> caf::result<bool> {
          trace_.note(host.index, "dial set", value);
          if (strikes(Fault::dial_dumb)) return say_nothing<bool>(self, host);
          if (incarnation < host.dial_incarnation) return false;
          host.dial_incarnation = incarnation;
          host.dial_shows = value;
          if (strikes(Fault::dial_acts_silently))
            return say_nothing<bool>(self, host);
          return true;
        },
        [this, self, &host](actors::read_atom) -> caf::result<std::uint64_t> {
          trace_.note(host.index, "dial read", host.dial_shows);
          if (strikes(Fault::dial_dumb))
            return say_nothing<std::uint64_t>(self, host);
          return host.dial_shows;
        },
    };
  }

  template <class T, class Self>
  caf::result<T> say_nothing(Self self, const Host& host) {
    trace_.note(host.index, "dial says nothing");
    auto promise = self->template make_response_promise<T>();
    host.process->unanswered.push_back(promise);
    return promise;
  }

  void send_to_all(Host& from, const Frame& frame) {
    trace_.note(from.index, "frame out", frame.count);
    for (auto& to : hosts_) {
      if (&to == &from || strikes(Fault::frame_lost)) continue;
      post(from, to, frame);
      if (strikes(Fault::frame_repeated)) post(from, to, frame);
    }
  }

  void post(const Host& from, Host& to, const Frame& frame) {
    auto delay = strikes(Fault::frame_late) ? some_time(second)
                                            : random_.below(second / 10);
    plan(delay, [this, &from, &to, frame] {
      bool heard = !deaf_[static_cast<std::size_t>(to.index)]
                         [static_cast<std::size_t>(from.index)];
      if (!heard || !to.process) return;
      trace_.note(to.index, "frame in", frame.count);
      if (auto counter = to.process->kept<CounterActor>(CounterState::name))
        caf::anon_send(counter, frame_atom::value, frame);
    });
  }

  void cut(Host& host, bool both_ways) {
    auto other = random_.below(hosts_.size());
    auto self = static_cast<std::size_t>(host.index);
    trace_.note(host.index, both_ways ? "partition" : "one-way cut", other);
    deaf_[self][other] = true;
    if (both_ways) deaf_[other][self] = true;
    plan(some_time(10 * second), [this, self, other] {
      deaf_[self][other] = false;
      deaf_[other][self] = false;
    });
  }

  // -- the operator -----------------------------------------------------------

  void operate(Host& host) {
    if (faults_over_) return;
    plan(some_time(second / 10), [this, &host] { operate(host); });
    if (!host.process) return;
    auto what = random_.below(10);
    if (what < 6)
      count(host);
    else if (what < 9)
      grant(host);
    else
      revoke(host);
  }

  /// Any grant that ever was: dead ones must be of no use.
  Id some_grant(const Host& host) {
    const auto& grants = host.shadow.grants();
    if (grants.empty()) return next_id();
    return grants[random_.below(grants.size())];
  }

  void count(Host& host) {
    auto counter = host.process->kept<CounterActor>(CounterState::name);
    if (!counter) return;
    auto request = next_id();
    auto grant = some_grant(host);
    host.shadow.expect_count(request, grant);
    weather_self_
        ->request(counter, caf::infinite, count_atom::value, request, grant)
        .then(
            [this, &host, request](std::uint64_t n) {
              trace_.note(host.index, "counted", n);
              if (auto complaint = host.shadow.check_count(n, request))
                violate(host, *complaint);
            },
            [this, &host](caf::error& error) {
              trace_.note(host.index, "not counted", error.code());
            });
  }

  void grant(Host& host) {
    events::GrantWish wish;
    wish.subject = counter_subject;
    wish.resource = random_.below(8) == 0 ? "another dial" : counter_resource;
    wish.rights = random_.below(8) == 0 ? schema::Right::read
                                        : schema::Right::invoke;
    if (random_.below(2) == 0) wish.rights |= schema::Right::grant;
    if (random_.below(2) == 0) wish.parent = some_grant(host);
    if (random_.below(3) == 0) {
      auto clock = read_clock(host);
      events::Expiry expiry;
      if (random_.below(2) == 0)
        expiry.utc_ns =
            clock.utc_ns + static_cast<std::int64_t>(some_time(second));
      else
        expiry.boot = host.shadow.state().node.boot;
      expiry.since_boot_ns = clock.since_boot_ns + some_time(second);
      wish.expiry = expiry;
    }
    propose(host, wish);
  }

  void revoke(Host& host) {
    propose(host, actors::RevokeWish{some_grant(host), "the operator says so"});
  }

  void propose(Host& host, const actors::Change& change) {
    auto gate = host.process->kept<actors::OperatorGate>(
        actors::OperatorGateState::name);
    if (!gate) return;
    auto wanted = std::make_shared<const actors::Change>(change);
    auto refused = [this, &host](caf::error& error) {
      trace_.note(host.index, "refused", error.code());
    };
    weather_self_
        ->request(gate, caf::infinite, actors::propose_atom::value, wanted)
        .then(
            [this, &host, gate, refused](const Id& proposal) {
              weather_self_
                  ->request(gate, caf::infinite, actors::commit_atom::value,
                            proposal,
                            store::Principal{schema::PrincipalKind::operator_,
                                             "uid/0"})
                  .then(
                      [this, &host](std::uint64_t last) {
                        trace_.note(host.index, "committed", last);
                        if (last >= host.shadow.entries())
                          violate(host,
                                  "a commit was acknowledged that is "
                                  "not durable");
                      },
                      refused);
            },
            refused);
  }

  // -- the end ----------------------------------------------------------------

  /// Faults stop, and whatever is down is brought up.
  void heal() {
    if (violation_) return;
    trace_.note(-1, "healing");
    faults_ = {};
    faults_over_ = true;
    for (auto& cut : deaf_) cut.assign(cut.size(), false);
    for (auto& host : hosts_) {
      host.is_slow = false;
      host.is_suspended = false;
      if (host.process)
        crash(host, "operator restarts");
      else
        plan_start(host, second);
    }
  }

  void check_rest() {
    for (auto& host : hosts_) {
      if (auto complaint = check_at_rest(host)) violate(host, *complaint);
      if (auto complaint = host.shadow.check_full_replay(host.disk))
        violate(host, *complaint);
      if (auto complaint = audit(host.disk)) violate(host, *complaint);
    }
  }

  Complaint check_at_rest(const Host& host) {
    const auto* node = host.process
                           ? look_into<actors::NodeState>(host.process->node)
                           : nullptr;
    if (node == nullptr) return "it is not up though all faults are over";
    if (node->mode != actors::NodeMode::running)
      return "it is not running though all faults are over";
    const auto* counter =
        host.process->look_into_kept<CounterState, CounterActor>();
    if (counter == nullptr || !counter->aggregate.idle())
      return "its counter does not come to rest";
    const auto* following = look_into<ReaderState>(host.process->reader);
    if (following == nullptr || following->read != host.shadow.entries())
      return "who follows its ledger has not read all of it";
    if (host.dial_shows != host.shadow.counts())
      return "its dial shows " + std::to_string(host.dial_shows) +
             " and it counted to " + std::to_string(host.shadow.counts());
    for (const auto& other : hosts_) {
      if (&other == &host) continue;
      auto told = counter->told.find(static_cast<std::uint64_t>(other.index));
      if (told == counter->told.end() || told->second != other.shadow.counts())
        return "it does not know how far host " + std::to_string(other.index) +
               " counted";
    }
    return {};
  }

  Settings settings_;
  Random random_;
  Trace trace_;
  CoordinatorConfig config_;
  caf::actor_system system_;
  Coordinator& coordinator_;
  caf::actor weather_;
  Weather* weather_self_ = nullptr;

  Faults faults_;
  bool faults_over_ = false;
  std::vector<Host> hosts_;
  /// deaf_[a][b]: a does not hear b.
  std::vector<std::vector<bool>> deaf_;
  std::map<std::uint64_t, std::function<void()>> plans_;
  std::uint64_t next_plan_ = 0;
  std::vector<std::function<void()>> changes_;
  /// By id of the actor; null for those of the world.
  std::vector<Host*> owners_;
  std::optional<std::string> violation_;
  std::uint64_t steps_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace

Outcome run(const Settings& settings) { return World{settings}.run(); }

}  // namespace ppn::simulation
