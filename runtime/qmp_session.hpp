// The client's side of one connection to a monitor of QEMU: it negotiates,
// gives commands, tells events, and notices when nobody answers any more. A new
// connection is a new session. Knows no socket and no clock: whoever owns it
// hands it what comes and the time, and writes what it has to say.
//
//     greeting -> qmp_capabilities -> query-status -> ready
//     ready: commands, each answered once: by QEMU, too late, or not at all
//     a deadline passes -> silent -> query-status after growing pauses
//     anything is answered -> not silent any more
//
// A command waits here, unsent, while the session is not ready or silent: what
// a monitor that hangs was told would still be done whenever it wakes up.
//
// Each callback may call this session, and may destroy it. After every call of
// a function that is not const, output() and next_deadline() may be others.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "runtime/qmp_events.hpp"

namespace ppn::runtime {

/// From the connection to the end of the negotiation. Who is longer silent is
/// busy with another client, or hangs.
inline constexpr std::uint64_t qmp_negotiation_ns = 2'000'000'000;
inline constexpr std::uint64_t qmp_query_ns = 1'000'000'000;
inline constexpr std::uint64_t qmp_control_ns = 30'000'000'000;
/// For QEMU to read what is written to it.
inline constexpr std::uint64_t qmp_write_ns = 1'000'000'000;

/// Whoever stops to answer is found out within both together.
inline constexpr std::uint64_t qmp_watch_pause_ns = 400'000'000;
inline constexpr std::uint64_t qmp_watch_ns = 500'000'000;
static_assert(qmp_watch_pause_ns + qmp_watch_ns < 1'000'000'000);

inline constexpr std::uint64_t qmp_probe_pause_min_ns = 1'000'000'000;
inline constexpr std::uint64_t qmp_probe_pause_max_ns = 30'000'000'000;
/// So many unanswered ones say all that could be said: none of them gets lost.
inline constexpr std::size_t qmp_probes_max = 64;

/// How long an answer is waited for.
enum class QmpClass : std::uint8_t {
  /// Done in no time, and to be asked again at will: qmp_query_ns.
  query,
  /// What may have to wait for a disk: qmp_control_ns.
  control
};

enum class QmpTrouble : std::uint8_t {
  /// QEMU says no.
  refused,
  timeout,
  /// The connection ended before.
  closed
};

struct QmpError {
  QmpTrouble trouble{};
  /// Of a refusal.
  std::string error_class;
  std::string description;
  /// If it is no refusal: it may have been done, or still be.
  bool was_sent = false;
};

using QmpResult = Outcome<QmpJson, QmpError>;
using QmpAnswer = std::function<void(QmpResult)>;

/// What the owner is told, each in the order in which it happened.
struct QmpCallbacks {
  /// Once: commands go out from now on.
  std::function<void(const QmpStatus&)> on_ready = [](const QmpStatus&) {};
  /// What the session itself heard later: it asks while it watches, and after a
  /// silence.
  std::function<void(const QmpStatus&)> on_status = [](const QmpStatus&) {};
  /// From the first byte on, ready or not.
  std::function<void(const QmpEvent&)> on_event = [](const QmpEvent&) {};
  /// Whether nobody answers, and by what that is known.
  std::function<void(bool is_silent, const std::string& evidence)> on_silence =
      [](bool, const std::string&) {};
  /// Once: what comes is no QMP, so the session is over.
  std::function<void(const std::string& why)> on_broken =
      [](const std::string&) {};
};

class QmpSession {
 public:
  /// At the moment of the connection; `negotiation_ns` is the patience with the
  /// greeting and what follows, less with one that ran before. All times are of
  /// one clock that never goes back.
  QmpSession(QmpCallbacks callbacks, std::uint64_t now_ns,
             std::uint64_t negotiation_ns = qmp_negotiation_ns);
  /// Whoever waits for an answer gets none any more, unless it was closed.
  ~QmpSession();
  QmpSession(const QmpSession&) = delete;
  QmpSession& operator=(const QmpSession&) = delete;

  /// `answer` is told once, and not before this returns unless the session is
  /// over. The deadline is as far from here as from when it is sent, if it had
  /// to wait.
  void execute(QmpCommand command, QmpClass kind, QmpAnswer answer,
               std::uint64_t now_ns);

  /// Whether to ask all the time, so that a silence shows within a second.
  void watch(bool is_on) { is_watching_ = is_on; }

  /// What came. To be told before tick() if there is both to do, lest an answer
  /// that is there already be too late.
  void take(std::string_view bytes, std::uint64_t now_ns);

  /// What is to be written next, if anything: valid until all of it was.
  [[nodiscard]] std::string_view output() const;
  /// So much of output().
  void note_written(std::size_t size, std::uint64_t now_ns);

  /// When to call tick() next.
  [[nodiscard]] std::optional<std::uint64_t> next_deadline() const;
  void tick(std::uint64_t now_ns);

  /// The connection ended: all who wait are told so.
  void close(const std::string& why);

  [[nodiscard]] bool is_ready() const { return stage_ == Stage::ready; }
  [[nodiscard]] bool is_silent() const { return is_silent_; }
  [[nodiscard]] bool is_over() const { return stage_ == Stage::over; }
  /// Nothing before it came.
  [[nodiscard]] const std::optional<QmpGreeting>& greeting() const {
    return greeting_;
  }

 private:
  enum class Stage : std::uint8_t {
    greeting,
    negotiating,
    /// The first query-status is not answered yet.
    syncing,
    ready,
    over
  };

  /// Whose command it is.
  enum class Purpose : std::uint8_t { negotiation, status, owner };

  struct Held {
    QmpCommand command;
    QmpClass kind;
    QmpAnswer answer;
    std::uint64_t deadline_ns = 0;
  };

  struct Sent {
    Purpose purpose;
    std::uint64_t patience_ns = 0;
    /// Nothing if it is not waited for, or not any more.
    std::optional<std::uint64_t> deadline_ns;
    std::string name;
    QmpAnswer answer;
  };

  struct Line {
    std::string text;
    std::uint64_t since_ns = 0;
  };

  using News = std::function<void(const QmpCallbacks&)>;

  // -- what goes --------------------------------------------------------------

  void send(const QmpCommand& command, Sent sent, std::uint64_t now_ns);
  void send_status(std::optional<std::uint64_t> patience_ns,
                   std::uint64_t now_ns);
  void send_owners(Held held, std::uint64_t now_ns);
  [[nodiscard]] bool can_send() const;
  void send_held(std::uint64_t now_ns);

  // -- what comes -------------------------------------------------------------

  void take_message(QmpMessage message, std::uint64_t now_ns);
  void take_greeting(QmpGreeting greeting, std::uint64_t now_ns);
  void take_result(std::optional<std::uint64_t> id, QmpResult result,
                   std::uint64_t now_ns);
  void take_capabilities(const QmpResult& result, std::uint64_t now_ns);
  void take_status(const QmpResult& result, std::uint64_t now_ns);

  // -- silence ----------------------------------------------------------------

  [[nodiscard]] std::optional<std::uint64_t> watch_due() const;
  [[nodiscard]] std::optional<std::uint64_t> probe_due() const;
  [[nodiscard]] std::optional<std::uint64_t> negotiation_deadline() const;
  [[nodiscard]] std::optional<std::uint64_t> write_deadline() const;
  void expire_held(std::uint64_t now_ns);
  void expire_sent(std::uint64_t now_ns);
  void fall_silent(const std::string& evidence, std::uint64_t now_ns);
  void note_answer(std::uint64_t now_ns);

  // -- the end, and what is told ----------------------------------------------

  void end(const std::string& why);
  void break_off(const std::string& why);
  void later(QmpAnswer answer, QmpResult result);
  void tell();

  std::shared_ptr<const QmpCallbacks> callbacks_;
  QmpReader reader_;
  Stage stage_ = Stage::greeting;
  std::optional<QmpGreeting> greeting_;
  std::uint64_t negotiation_ns_;
  std::uint64_t negotiation_deadline_ns_;

  std::uint64_t last_id_ = 0;
  std::deque<Held> held_;
  /// By their ids.
  std::map<std::uint64_t, Sent> sent_;
  /// A deque, since what is being written has to stay where it is.
  std::deque<Line> lines_;
  /// Of the first line.
  std::size_t written_ = 0;

  bool is_watching_ = false;
  std::uint64_t last_answer_ns_ = 0;
  bool is_silent_ = false;
  std::uint64_t silent_since_ns_ = 0;
  std::uint64_t probe_pause_ns_ = 0;
  std::uint64_t probe_at_ns_ = 0;

  std::deque<News> news_;
  /// Set while something is told: there is to be noted that this is gone.
  bool* is_gone_ = nullptr;
};

}  // namespace ppn::runtime
