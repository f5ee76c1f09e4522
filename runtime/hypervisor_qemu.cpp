#include "runtime/hypervisor_qemu.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <mutex>

#include "runtime/guest_cgroup_linux.hpp"
#include "runtime/guest_process_linux.hpp"
#include "runtime/process_linux.hpp"
#include "runtime/qemu_command.hpp"
#include "runtime/user_data.hpp"
#include "runtime/vm_launch.hpp"

namespace ppn::runtime {

namespace {

namespace asio = boost::asio;
using events::VmEnd;
using store::Error;
using store::ErrorCode;
using store::Result;
using store::Status;
using Self = QemuHypervisor::Port::stateful_pointer<QemuHypervisor::State>;

/// One that lives and can not be asked is looked at again.
constexpr auto look_again_after = std::chrono::seconds{1};

// -- what is known of a guest without asking it -------------------------------

VmEnd end_of(const std::filesystem::path& run_dir, std::uint64_t start,
             const std::filesystem::path& log) {
  return end_of_vm({}, false, false, end_of_guest(run_dir, start, log));
}

/// All that a process was started with, each with a zero before and after it.
std::string arguments_of(const std::string& pid) {
  std::string said(1, '\0');
  std::ifstream file{"/proc/" + pid + "/cmdline", std::ios::binary};
  said.append(std::istreambuf_iterator<char>{file}, {});
  return said;
}

/// What follows an option there; empty if it has none.
std::string argument_of(const std::string& arguments,
                        const std::string& option) {
  auto words = std::string(1, '\0') + option + '\0';
  auto place = arguments.find(words);
  if (place == std::string::npos) return {};
  auto value = place + words.size();
  return arguments.substr(value, arguments.find('\0', value) - value);
}

/// What a process was told to run by: its own arguments say so.
std::string accelerator_of(pid_t pid) {
  auto value = argument_of(arguments_of(std::to_string(pid)), "-accel");
  return value.substr(0, value.find(','));
}

Error no_such_process() {
  return {ErrorCode::not_found, "the guest has no such process"};
}

/// What it has no weight by it is given, if this host can.
std::optional<std::uint16_t> weight_of(pid_t pid, const Id& vm) {
  auto weight = cpu_weight_of(pid);
  bool can_give = !weight && !is_run_by_systemd() &&
                  set_cpu_weight(pid, vm, events::cpu_weight_usual);
  return can_give ? cpu_weight_of(pid) : weight;
}

/// A process that runs the guest although nothing in its directory says so:
/// somebody emptied that.
std::optional<std::string> stray_process(const Id& vm) {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc", error}) {
    auto pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    auto arguments = arguments_of(pid);
    bool is_keeper = arguments.find(std::string{"\0--\0", 4}) !=
                     std::string::npos;
    if (!is_keeper && argument_of(arguments, "-uuid") == qemu_uuid(vm))
      return pid;
  }
  return std::nullopt;
}

}  // namespace

// -- the I/O thread -----------------------------------------------------------

/// The monitors of all guests, and who is shown what they see. All but `post`,
/// the audience and `process_of` is of the I/O thread.
class QemuHypervisor::Monitors : public std::enable_shared_from_this<Monitors> {
 public:
  explicit Monitors(asio::io_context& io) : io_(io) {}

  void set_port(const Port& port) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) port_ = port;
  }

  void set_memory(const Memory& memory) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) memory_ = memory;
  }

  /// What answers a question once that is known.
  VmMonitor::Done done(std::uint64_t question) {
    return [self = shared_from_this(), question](const Status& done) {
      self->answer(self->port_, question,
                   done ? IoResult{1} : IoResult{done.error()});
    };
  }

  VmMonitor::Done memory_done(std::uint64_t question) {
    return [self = shared_from_this(), question](const Status& done) {
      self->answer(self->memory_, question,
                   done ? IoResult{1} : IoResult{done.error()});
    };
  }

  void answer_look(std::uint64_t number, const actors::MemoryLookPtr& look) {
    std::lock_guard lock{mutex_};
    if (memory_)
      caf::anon_send(memory_, actors::measure_atom::value, number, look);
  }

  [[nodiscard]] actors::MemoryLookPtr look_at_memory() const {
    auto look = std::make_shared<actors::MemoryLook>();
    look->total_mb = host_memory_mb();
    look->available_mb = available_memory_mb();
    for (const auto& [vm, monitor] : monitors_)
      if (auto memory = monitor->memory()) look->vms[vm] = *memory;
    return look;
  }

  void post(std::function<void(Monitors&)> what) {
    asio::post(io_, [self = shared_from_this(), what = std::move(what)] {
      if (!self->has_ended()) what(*self);
    });
  }

  void follow(const Id& vm, const actors::VmFollower& follower) {
    std::lock_guard lock{mutex_};
    if (!has_ended_) followers_[vm] = follower;
  }

  VmMonitor& of(const Id& vm, const VmPlaces& places) {
    auto& monitor = monitors_[vm];
    if (!monitor)
      monitor = std::make_shared<VmMonitor>(
          io_, places,
          [this, vm](const events::VmSight& sight) { show(vm, sight); });
    return *monitor;
  }

  VmMonitor* find(const Id& vm) const {
    auto found = monitors_.find(vm);
    return found == monitors_.end() ? nullptr : found->second.get();
  }

  void forget(const Id& vm) {
    if (auto gone = monitors_.extract(vm)) gone.mapped()->let_go();
    std::lock_guard lock{mutex_};
    followers_.erase(vm);
    processes_.erase(vm);
  }

  /// The start whose process it has, as it was seen last; 0: none.
  [[nodiscard]] std::uint64_t process_of(const Id& vm) const {
    std::lock_guard lock{mutex_};
    auto found = processes_.find(vm);
    return found == processes_.end() ? 0 : found->second;
  }

  void show(const Id& vm, const events::VmSight& sight) {
    std::lock_guard lock{mutex_};
    processes_[vm] = sight.process;
    auto follower = followers_.find(vm);
    if (follower != followers_.end())
      caf::anon_send(follower->second, actors::observed_atom::value,
                     std::make_shared<const events::VmSight>(sight));
  }

  /// Nothing is given to an actor any more.
  void end() {
    {
      std::lock_guard lock{mutex_};
      has_ended_ = true;
      port_ = nullptr;
      memory_ = nullptr;
      followers_.clear();
    }
    for (auto& [vm, monitor] : std::exchange(monitors_, {})) monitor->let_go();
  }

 private:
  template <class Handle>
  void answer(const Handle& to, std::uint64_t question,
              const IoResult& result) {
    std::lock_guard lock{mutex_};
    if (to)
      caf::anon_send(to, actors::take_atom::value, question,
                     std::make_shared<const IoResult>(result));
  }

  [[nodiscard]] bool has_ended() const {
    std::lock_guard lock{mutex_};
    return has_ended_;
  }

  asio::io_context& io_;
  std::map<Id, std::shared_ptr<VmMonitor>> monitors_;
  mutable std::mutex mutex_;
  Port port_;
  Memory memory_;
  std::map<Id, actors::VmFollower> followers_;
  std::map<Id, std::uint64_t> processes_;
  bool has_ended_ = false;
};

QemuHypervisor::QemuHypervisor(asio::io_context& io,
                               std::shared_ptr<GuestHost> host)
    : host_(std::move(host)), monitors_(std::make_shared<Monitors>(io)) {}

QemuHypervisor::~QemuHypervisor() {
  host_->end();
  monitors_->end();
}

Result<TakenSerial> QemuHypervisor::take_serial(const Id& vm) const {
  auto process = monitors_->process_of(vm);
  if (process == 0)
    return Error{ErrorCode::not_found, "the guest does not run"};
  auto path = host_->settings().run_dir / vm.hex() /
              (std::to_string(process) + ".serial");
  auto seat = consoles_->take(path);
  if (!seat)
    return Error{ErrorCode::locked, "somebody is at the console of this guest"};
  return TakenSerial{path, std::move(seat)};
}

QemuHypervisor::Port::behavior_type QemuHypervisor::behaviour(
    Port::stateful_pointer<State> self) {
  auto host = host_;
  auto monitors = monitors_;
  monitors->set_port(caf::actor_cast<Port>(self));

  /// Has the I/O thread follow what is there of a guest now.
  auto look = [self, monitors](const GuestHost::Ready& ready, const Id& vm,
                               bool is_new) {
    auto places = places_of(ready.files, vm);
    auto found = find_guest(places.run_dir);
    if (!found) {
      monitors->post([=, why = found.error().message](Monitors& in) {
        in.of(vm, places).note_unknown(why);
      });
      self->delayed_send(self, look_again_after, actors::look_atom::value, vm);
      return;
    }
    if (*found) {
      auto guest = std::make_shared<RunningGuest>(std::move(**found));
      auto accelerator = accelerator_of(guest->pid);
      auto weight = weight_of(guest->pid, vm);
      monitors->post([=](Monitors& in) {
        in.of(vm, places)
            .follow(std::move(*guest), accelerator, weight, is_new);
      });
      return;
    }
    forget_cgroup(vm);
    auto ended = newest_start(places.run_dir);
    if (auto stray = ended == 0 ? stray_process(vm) : std::nullopt) {
      monitors->post([=, pid = *stray](Monitors& in) {
        in.of(vm, places)
            .note_unknown("process " + pid + " runs it, and " +
                          places.run_dir.string() +
                          " was emptied: end that process");
      });
      self->delayed_send(self, look_again_after, actors::look_atom::value, vm);
      return;
    }
    auto end = ended == 0 ? VmEnd{} : end_of(places.run_dir, ended, places.log);
    monitors->post(
        [=](Monitors& in) { in.of(vm, places).note_end(ended, end); });
  };

  auto prove_now = [self, host](const actors::AccelerationPtr& known) {
    auto seen = prove_acceleration(*host, known);
    if (seen) self->state.acceleration = *seen;
    return seen;
  };

  return {
      [=](actors::prove_atom, const actors::AccelerationPtr& known)
          -> caf::result<actors::AccelerationPtr> {
        auto seen = prove_now(known);
        if (!seen) return actors::to_message(seen.error());
        return *seen;
      },
      [=](actors::launch_atom,
          const actors::VmProcessPtr& wish) -> caf::result<bool> {
        auto ready = host->ready();
        if (!ready) return actors::to_message(ready.error());
        auto places = places_of((*ready)->files, wish->vm);
        auto found = find_guest(places.run_dir);
        if (!found) return actors::to_message(found.error());
        if (*found && (*found)->start != wish->start)
          return actors::to_message(
              {ErrorCode::io,
               fmt::format("its process of start {} is still there",
                           (*found)->start)});
        bool was_made = *found || newest_start(places.run_dir) >= wish->start;
        if (!was_made) {
          // Without one it says so itself.
          if (!self->state.acceleration) static_cast<void>(prove_now(nullptr));
          const auto& proved = self->state.acceleration;
          auto started = launch_vm(*host, **ready, *wish,
                                   proved ? proved->accelerator : std::string{},
                                   self->state.mesh_address);
          if (!started) {
            VmEnd end{VmEnd::Kind::not_started, started.error().message};
            monitors->post([=](Monitors& in) {
              in.of(wish->vm, places).note_end(wish->start, end);
            });
            return actors::to_message(started.error());
          }
        }
        look(**ready, wish->vm, !was_made);
        return true;
      },
      [=](actors::order_atom, const Id& vm, std::uint64_t start,
          events::VmOrder order) {
        return ask_io<bool>(self, [=](std::uint64_t question) {
          monitors->post([=](Monitors& in) {
            auto* monitor = in.find(vm);
            if (monitor == nullptr) return in.done(question)(no_such_process());
            monitor->order(start, order, in.done(question));
          });
        });
      },
      [=](actors::weigh_atom, const Id& vm, std::uint64_t start,
          std::uint16_t weight) -> caf::result<bool> {
        auto ready = host->ready();
        if (!ready) return actors::to_message(ready.error());
        auto found = find_guest(places_of((*ready)->files, vm).run_dir);
        if (!found) return actors::to_message(found.error());
        if (!*found || (*found)->start != start)
          return actors::to_message(no_such_process());
        auto set = set_cpu_weight((*found)->pid, vm, weight);
        if (!set) return actors::to_message(set.error());
        monitors->post([=, now = cpu_weight_of((*found)->pid)](Monitors& in) {
          if (auto* monitor = in.find(vm)) monitor->note_weight(start, now);
        });
        return true;
      },
      [=](actors::forget_atom, const Id& vm) -> caf::result<bool> {
        auto ready = host->ready();
        if (!ready) return actors::to_message(ready.error());
        forget_cgroup(vm);
        auto removed = (*ready)->files.remove(vm);
        if (!removed) return actors::to_message(removed.error());
        monitors->post([vm](Monitors& in) { in.forget(vm); });
        return true;
      },
      [=](actors::bind_atom, const events::IpAddress& address) {
        self->state.mesh_address = address;
      },
      [=](actors::read_atom,
          const Hash& hash) -> caf::result<actors::SecretBufferPtr> {
        auto kept = read_salted_user_data(host->settings().guest_dir, hash);
        if (!kept) return actors::to_message(kept.error());
        return std::make_shared<const store::SecretBuffer>(std::move(*kept));
      },
      [=](actors::take_atom, const Hash& hash,
          const actors::SecretBufferPtr& salted) -> caf::result<bool> {
        // It makes the place first.
        if (auto ready = host->ready(); !ready)
          return actors::to_message(ready.error());
        auto kept = keep_salted_user_data(host->settings().guest_dir, hash,
                                          salted->view());
        if (!kept) return actors::to_message(kept.error());
        return true;
      },
      [=](actors::forget_atom, const Hash& hash) {
        forget_user_data(host->settings().guest_dir, hash);
      },
      [=](actors::follow_atom, const Id& vm,
          const actors::VmFollower& follower) {
        monitors->follow(vm, follower);
        auto ready = host->ready();
        if (!ready) {
          events::VmSight sight;
          sight.is_unknown = true;
          sight.silence = ready.error().message;
          return monitors->show(vm, sight);
        }
        look(**ready, vm, false);
      },
      [=](actors::look_atom, const Id& vm) {
        if (auto ready = host->ready()) look(**ready, vm, false);
      },
      [=](actors::take_atom, std::uint64_t question,
          const IoResultPtr& result) {
        self->state.questions.take(question, *result);
      },
  };
}

QemuHypervisor::Memory::behavior_type QemuHypervisor::memory_behaviour(
    Memory::stateful_pointer<MemoryState> self) {
  auto monitors = monitors_;
  monitors->set_memory(caf::actor_cast<Memory>(self));
  return {
      [=](actors::measure_atom) -> caf::result<actors::MemoryLookPtr> {
        auto promise = self->make_response_promise<actors::MemoryLookPtr>();
        auto number = ++self->state.last_look;
        self->state.looks[number] = promise;
        monitors->post(
            [=](Monitors& in) { in.answer_look(number, in.look_at_memory()); });
        return promise;
      },
      [=](actors::measure_atom, std::uint64_t number,
          const actors::MemoryLookPtr& seen) {
        if (auto asked = self->state.looks.extract(number))
          asked.mapped().deliver(seen);
      },
      [=](actors::balloon_atom, const Id& vm, std::uint64_t start,
          std::uint64_t mb) {
        return ask_io<bool>(self, [=](std::uint64_t question) {
          monitors->post([=](Monitors& in) {
            auto* monitor = in.find(vm);
            if (monitor == nullptr)
              return in.memory_done(question)(no_such_process());
            monitor->set_balloon(start, mb, in.memory_done(question));
          });
        });
      },
      [=](actors::take_atom, std::uint64_t question,
          const IoResultPtr& result) {
        self->state.questions.take(question, *result);
      },
  };
}

}  // namespace ppn::runtime
