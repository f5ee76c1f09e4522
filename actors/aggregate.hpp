// The frame of an actor that owns streams of the ledger:
//
//   command -> decide(state, now) -> append -> apply(state, entry) -> reconcile
//                   `-> refusal
//
// It begins with a replay, decides nothing more while an append is unanswered,
// and remembers no effects: reconcile compares what the ledger says should be
// with what a port says is.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "actors/interfaces.hpp"
#include "store/record.hpp"

namespace ppn::actors {

/// On whose behalf a command runs, and what it calls upon.
struct Origin {
  store::Principal principal;
  std::optional<store::Causation> causation;
  std::optional<events::Need> need;
  /// Who must have the role of the controller when it is recorded.
  std::optional<NodeId> controller = std::nullopt;
};

/// What an actor brings to the frame.
struct AggregateParts {
  LedgerActor ledger;
  ClockPort clock;
  /// The boot that time is told in.
  std::function<std::uint64_t()> boot;
  /// Folds one entry of its streams, of these bytes, into its state.
  std::function<events::Contradiction(const schema::Entry&, ByteView)> apply;
  /// Called when the state changed, and once it is whole after the replay.
  std::function<void()> reconcile;
};

/// `Self` is the actor's pointer. Lives in the actor's state.
template <class Self>
class Aggregate {
 public:
  using Decide = std::function<events::Decision(const events::Moment&)>;
  /// Told the sequence of the last entry; nothing recorded makes it 0.
  using Answer = std::function<void(const store::Result<std::uint64_t>&)>;

  /// Replays `stream` from the ledger; commands wait until it is done.
  void begin(Self self, AggregateParts parts, std::string stream) {
    self_ = self;
    parts_ = std::move(parts);
    on_answer<EntriesPtr>(
        self_->request(parts_.ledger, caf::infinite, replay_atom::value, stream,
                       std::uint64_t{0}),
        [this](const EntriesPtr& entries) {
          if (apply(*entries)) become_ready();
        },
        [this](caf::error& error) { give_up(error); });
  }

  /// For one whose state was taken from the ledger's: goes on from there.
  void begin_with_state(Self self, AggregateParts parts,
                        std::map<std::string, std::uint64_t> versions) {
    self_ = self;
    parts_ = std::move(parts);
    versions_ = std::move(versions);
    become_ready();
  }

  /// Runs `decide` in its turn and records what it decides. `answer` comes once
  /// all is durable and applied.
  void command(Origin origin, Decide decide, Answer answer) {
    waiting_.push_back(
        {std::move(origin), std::move(decide), std::move(answer), {}, {}});
    next();
  }

  /// Told the entries that were recorded, or why none was.
  using Recorded = std::function<void(const store::Result<EntriesPtr>&)>;
  /// Has events recorded by somebody else, together with events of its own.
  using RecordBy = std::function<void(store::AppendRequest, const Recorded&)>;

  /// The same, but what it decides is recorded by another actor.
  void command_by(Origin origin, Decide decide, RecordBy record_by,
                  Answer answer) {
    waiting_.push_back({std::move(origin),
                        std::move(decide),
                        std::move(answer),
                        {},
                        std::move(record_by)});
    next();
  }

  /// The other one: events of another actor are recorded with its own, which
  /// may be none. `recorded` is told the entries of the other's.
  void command_with(Origin origin, Decide decide, store::AppendRequest others,
                    const Recorded& recorded) {
    auto count = others.size();
    auto entries = std::make_shared<EntriesPtr>();
    auto answer = [=](const store::Result<std::uint64_t>& result) {
      if (!result) return recorded(result.error());
      recorded(std::make_shared<const Entries>(
          (*entries)->end() - static_cast<std::ptrdiff_t>(count),
          (*entries)->end()));
    };
    waiting_.push_back({std::move(origin),
                        std::move(decide),
                        answer,
                        Others{std::move(others), entries},
                        {}});
    next();
  }

  [[nodiscard]] bool ready() const { return ready_; }
  /// Whether its state is all that its streams say.
  [[nodiscard]] bool idle() const { return ready_ && !busy_; }
  [[nodiscard]] std::uint64_t version(const std::string& stream) const {
    auto found = versions_.find(stream);
    return found == versions_.end() ? 0 : found->second;
  }

 private:
  /// Events of another actor, and where their entries go.
  struct Others {
    store::AppendRequest events;
    std::shared_ptr<EntriesPtr> entries;
  };

  struct Command {
    Origin origin;
    Decide decide;
    Answer answer;
    std::optional<Others> others;
    RecordBy record_by;
  };

  void become_ready() {
    ready_ = true;
    parts_.reconcile();
    next();
  }

  void next() {
    if (!ready_ || busy_ || waiting_.empty()) return;
    busy_ = true;
    on_answer<store::ClockReading>(
        self_->request(parts_.clock, caf::infinite, read_atom::value),
        [this](const store::ClockReading& clock) {
          decide({clock.utc_ns, clock.since_boot_ns, clock.synchronised,
                  parts_.boot()});
        },
        [this](caf::error& error) { give_up(error); });
  }

  void decide(const events::Moment& now) {
    auto decision = waiting_.front().decide(now);
    if (const auto* refusal = std::get_if<events::Refusal>(&decision))
      return finish(store::Error{store::ErrorCode::bad_input, refusal->reason});
    auto& drafts = std::get<std::vector<events::Draft>>(decision);
    const auto& command = waiting_.front();
    if (drafts.empty() && !command.others) return finish(std::uint64_t{0});
    auto events = to_events(std::move(drafts));
    if (command.record_by)
      return command.record_by(
          std::move(events), [this](const store::Result<EntriesPtr>& recorded) {
            if (recorded)
              take(**recorded);
            else
              take_error(to_message(recorded.error()));
          });
    auto append = std::make_shared<Append>();
    append->request = std::move(events);
    append->need = command.origin.need;
    append->controller = command.origin.controller;
    if (command.others)
      append->request.insert(append->request.end(),
                             command.others->events.begin(),
                             command.others->events.end());
    on_answer<EntriesPtr>(
        self_->request(parts_.ledger, caf::infinite, append_atom::value,
                       AppendPtr{append}),
        [this](const EntriesPtr& entries) { take_own(entries); },
        [this](caf::error& error) { take_error(error); });
  }

  store::AppendRequest to_events(std::vector<events::Draft> drafts) {
    const auto& origin = waiting_.front().origin;
    store::AppendRequest request;
    std::map<std::string, std::uint64_t> ahead;
    for (auto& draft : drafts) {
      store::Event event;
      auto follows = draft.follows.value_or(version(draft.stream));
      event.expected_version =
          ahead.try_emplace(draft.stream, follows).first->second++;
      event.stream = std::move(draft.stream);
      event.principal = origin.principal;
      event.causation = origin.causation;
      event.payload = std::move(draft.payload);
      request.push_back(std::move(event));
    }
    return request;
  }

  /// Those of others are not for this one.
  void take_own(const EntriesPtr& entries) {
    const auto& others = waiting_.front().others;
    if (!others) return take(*entries);
    *others->entries = entries;
    auto own = entries->size() - others->events.size();
    take({entries->begin(),
          entries->begin() + static_cast<std::ptrdiff_t>(own)});
  }

  void take(const Entries& entries) {
    if (!apply(entries)) return;
    auto last = entries.empty()
                    ? 0
                    : schema::GetEntry(entries.back().data())->sequence();
    parts_.reconcile();
    finish(last);
  }

  void take_error(const caf::error& error) {
    auto why = from_message(error);
    // Nobody knows what became of it, or somebody else writes this stream:
    // whoever comes next begins with a replay.
    if (why.code == store::ErrorCode::io ||
        why.code == store::ErrorCode::version_conflict)
      return give_up(error);
    finish(why);
  }

  void finish(const store::Result<std::uint64_t>& result) {
    auto done = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = false;
    done.answer(result);
    next();
  }

  /// Ends the actor; whoever waits is told why.
  void give_up(const caf::error& error) {
    for (auto& command : std::exchange(waiting_, {}))
      command.answer(from_message(error));
    self_->quit(error);
  }

  /// False if an entry can not be: the actor ends, for what it holds is wrong.
  bool apply(const Entries& entries) {
    for (const auto& bytes : entries) {
      const auto* entry = schema::GetEntry(bytes.data());
      if (auto contradiction = parts_.apply(*entry, bytes)) {
        give_up(to_message({store::ErrorCode::damaged,
                            "entry " + std::to_string(entry->sequence()) +
                                ": " + *contradiction}));
        return false;
      }
      versions_[entry->stream()->str()] = entry->stream_version();
    }
    return true;
  }

  Self self_{};
  AggregateParts parts_;
  std::map<std::string, std::uint64_t> versions_;
  std::deque<Command> waiting_;
  bool ready_ = false;
  /// The front of waiting_ is being decided or recorded.
  bool busy_ = false;
};

}  // namespace ppn::actors
