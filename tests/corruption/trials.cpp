#include "tests/corruption/trials.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <new>
#include <system_error>

#include "store/files.hpp"

namespace ppn::tests {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto stuck_after = std::chrono::seconds{20};
constexpr int look_every_ms = 1000;
constexpr rlim_t memory_bytes_max = rlim_t{1} << 30U;

[[noreturn]] void fail(const char* tried) {
  throw std::system_error{errno, std::generic_category(), tried};
}

/// Memory that parent and children share.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes)
      : bytes_(bytes),
        memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) fail("map shared memory");
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { ::munmap(memory_, bytes_); }

  template <class T>
  T* as_array_of(std::size_t count) {
    return new (memory_) T[count]{};
  }

 private:
  std::size_t bytes_;
  void* memory_;
};

/// A child crashes for its parent only, and does not take all memory with it.
void be_a_child() {
  const rlimit memory{memory_bytes_max, memory_bytes_max};
  ::setrlimit(RLIMIT_DATA, &memory);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
    std::signal(signal, SIG_DFL);
}

using Position = std::atomic<std::uint64_t>;

class TrialRun {
 public:
  TrialRun(std::size_t count, unsigned workers, const Prepare& prepare)
      : count_(count),
        prepare_(prepare),
        position_memory_((workers + 1) * sizeof(Position)),
        outcome_memory_(count + 1),
        positions_(position_memory_.as_array_of<Position>(workers + 1)),
        outcomes_(outcome_memory_.as_array_of<Outcome>(count + 1)),
        next_(positions_[workers]) {
    for (unsigned i = 0; i < workers; ++i) workers_.emplace_back(i);
  }

  std::vector<Outcome> run() {
    for (auto& worker : workers_) start(worker);
    while (any_running()) {
      auto polled = pipes();
      if (::poll(polled.data(), polled.size(), look_every_ms) < 0 &&
          errno != EINTR)
        fail("wait for a worker");
      for (std::size_t i = 0; i < workers_.size(); ++i)
        if (workers_[i].pid > 0) look_after(workers_[i], polled[i].revents);
    }
    return {outcomes_, outcomes_ + count_};
  }

 private:
  struct Worker {
    explicit Worker(unsigned its_number) : number(its_number) {}

    unsigned number;
    pid_t pid = -1;
    /// Its other end closes with the worker.
    store::FileHandle pipe;
    std::uint64_t seen_at = 0;
    Clock::time_point seen;
  };

  [[nodiscard]] bool any_running() const {
    for (const auto& worker : workers_)
      if (worker.pid > 0) return true;
    return false;
  }

  [[nodiscard]] std::vector<pollfd> pipes() const {
    std::vector<pollfd> polled;
    for (const auto& worker : workers_)
      polled.push_back({worker.pid > 0 ? worker.pipe.get() : -1, POLLIN, 0});
    return polled;
  }

  void start(Worker& worker) {
    int ends[2] = {};
    if (::pipe(ends) != 0) fail("make a pipe");
    worker.pipe = store::FileHandle{ends[0]};
    store::FileHandle childs_end{ends[1]};
    std::fflush(nullptr);
    worker.pid = ::fork();
    if (worker.pid < 0) fail("start a worker");
    if (worker.pid == 0) work(worker.number);
    worker.seen = Clock::now();
  }

  [[noreturn]] void work(unsigned number) noexcept {
    be_a_child();
    {
      auto trial = prepare_(number);
      for (auto n = next_++; n < count_; n = next_++) {
        positions_[number] = n;
        outcomes_[n] = Outcome::crashed;
        outcomes_[n] = carry_out(
            trial, n, [&](Outcome outcome) { outcomes_[n] = outcome; });
      }
    }
    ::_exit(0);
  }

  static Outcome carry_out(const Trial& trial, std::size_t n,
                           const NoteOutcome& note) {
    try {
      return trial(n, note);
    } catch (const std::exception&) {
      return Outcome::threw;
    }
  }

  void look_after(Worker& worker, short events) {
    if (events == 0 && is_stuck(worker)) {
      ::kill(worker.pid, SIGKILL);
      await(worker);
      outcomes_[positions_[worker.number]] = Outcome::stuck;
      start(worker);
    } else if (events != 0 && !await(worker)) {
      start(worker);
    }
  }

  bool is_stuck(Worker& worker) const {
    auto position = positions_[worker.number].load();
    auto now = Clock::now();
    if (position != worker.seen_at) {
      worker.seen_at = position;
      worker.seen = now;
    }
    return now - worker.seen > stuck_after;
  }

  /// Whether the worker did all that there was to do.
  static bool await(Worker& worker) {
    int status = 0;
    while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
    }
    worker.pid = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  std::size_t count_;
  const Prepare& prepare_;
  SharedMemory position_memory_;
  SharedMemory outcome_memory_;
  /// The trial that each worker is at.
  Position* positions_;
  Outcome* outcomes_;
  /// The trial that the next free worker takes.
  Position& next_;
  std::vector<Worker> workers_;
};

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_run:
      return "not run";
    case Outcome::refused:
      return "refused";
    case Outcome::found:
      return "found";
    case Outcome::crashed:
      return "crashed";
    case Outcome::harmless:
      return "harmless";
    case Outcome::snapshot_lost:
      return "snapshot lost";
    case Outcome::undetected:
      return "UNDETECTED";
    case Outcome::unreadable:
      return "UNREADABLE";
    case Outcome::threw:
      return "THREW";
    case Outcome::stuck:
      return "STUCK";
  }
  return "unknown";
}

bool is_failure(Outcome outcome) {
  switch (outcome) {
    case Outcome::not_run:
    case Outcome::undetected:
    case Outcome::unreadable:
    case Outcome::threw:
    case Outcome::stuck:
      return true;
    case Outcome::refused:
    case Outcome::found:
    case Outcome::crashed:
    case Outcome::harmless:
    case Outcome::snapshot_lost:
      return false;
  }
  return true;
}

std::vector<Outcome> run_trials(std::size_t count, unsigned workers,
                                const Prepare& prepare) {
  return TrialRun{count, workers, prepare}.run();
}

std::map<Outcome, std::size_t> tally(const std::vector<Outcome>& outcomes) {
  std::map<Outcome, std::size_t> counts;
  for (auto outcome : outcomes) counts[outcome] += 1;
  return counts;
}

}  // namespace ppn::tests
