#include "runtime/qmp_session.hpp"

#include <algorithm>
#include <utility>

namespace ppn::runtime {

namespace {

std::string milliseconds(std::uint64_t ns) {
  return std::to_string(ns / 1'000'000) + " ms";
}

std::uint64_t patience_of(QmpClass kind) {
  return kind == QmpClass::query ? qmp_query_ns : qmp_control_ns;
}

QmpError too_late(const std::string& name, bool was_sent) {
  auto what = was_sent ? " was not answered in time" : " could not be sent";
  return {QmpTrouble::timeout, {}, name + what, was_sent};
}

using Time = std::optional<std::uint64_t>;

/// The earlier one of those that there are.
Time earlier(Time one, Time other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

bool has_come(Time deadline, std::uint64_t now_ns) {
  return deadline && *deadline <= now_ns;
}

}  // namespace

QmpSession::QmpSession(QmpCallbacks callbacks, std::uint64_t now_ns,
                       std::uint64_t negotiation_ns)
    : callbacks_(std::make_shared<const QmpCallbacks>(std::move(callbacks))),
      negotiation_ns_(negotiation_ns),
      negotiation_deadline_ns_(now_ns + negotiation_ns) {}

QmpSession::~QmpSession() {
  if (is_gone_ != nullptr) *is_gone_ = true;
}

// -- what goes ----------------------------------------------------------------

void QmpSession::execute(QmpCommand command, QmpClass kind, QmpAnswer answer,
                         std::uint64_t now_ns) {
  if (is_over()) {
    later(std::move(answer),
          QmpError{QmpTrouble::closed, {}, "the connection is over", false});
    tell();
    return;
  }
  held_.push_back({std::move(command), kind, std::move(answer),
                   now_ns + patience_of(kind)});
  send_held(now_ns);
}

bool QmpSession::can_send() const { return is_ready() && !is_silent_; }

void QmpSession::send_held(std::uint64_t now_ns) {
  while (can_send() && !held_.empty()) {
    auto held = std::move(held_.front());
    held_.pop_front();
    send_owners(std::move(held), now_ns);
  }
}

void QmpSession::send_owners(Held held, std::uint64_t now_ns) {
  auto patience_ns = patience_of(held.kind);
  send(held.command,
       {Purpose::owner,
        patience_ns,
        now_ns + patience_ns,
        {},
        std::move(held.answer)},
       now_ns);
}

void QmpSession::send_status(std::optional<std::uint64_t> patience_ns,
                             std::uint64_t now_ns) {
  Sent status{Purpose::status, patience_ns.value_or(0), {}, {}, {}};
  if (patience_ns) status.deadline_ns = now_ns + *patience_ns;
  send({"query-status"}, std::move(status), now_ns);
}

/// Its answer is waited for before it goes out.
void QmpSession::send(const QmpCommand& command, Sent sent,
                      std::uint64_t now_ns) {
  auto id = ++last_id_;
  sent.name = command.name;
  sent_.emplace(id, std::move(sent));
  lines_.push_back({qmp_line(command, id), now_ns});
}

std::string_view QmpSession::output() const {
  if (is_over() || lines_.empty()) return {};
  return std::string_view{lines_.front().text}.substr(written_);
}

void QmpSession::note_written(std::size_t size, std::uint64_t now_ns) {
  if (size == 0 || lines_.empty()) return;
  written_ += size;
  if (written_ >= lines_.front().text.size()) {
    lines_.pop_front();
    written_ = 0;
  }
  // Whoever reads gets as much time for what stood behind that.
  if (!lines_.empty()) lines_.front().since_ns = now_ns;
}

// -- what comes ---------------------------------------------------------------

void QmpSession::take(std::string_view bytes, std::uint64_t now_ns) {
  reader_.feed(bytes);
  while (!is_over()) {
    auto message = reader_.next();
    if (!message)
      break_off(message.error().message);
    else if (*message)
      take_message(std::move(**message), now_ns);
    else
      break;
  }
  tell();
}

void QmpSession::take_message(QmpMessage message, std::uint64_t now_ns) {
  if (auto* greeting = std::get_if<QmpGreeting>(&message)) {
    take_greeting(std::move(*greeting), now_ns);
  } else if (auto* event = std::get_if<QmpEvent>(&message)) {
    news_.push_back([event = std::move(*event)](const auto& callbacks) {
      callbacks.on_event(event);
    });
  } else if (auto* reply = std::get_if<QmpReply>(&message)) {
    take_result(reply->id, std::move(reply->value), now_ns);
  } else if (auto* failure = std::get_if<QmpFailure>(&message)) {
    take_result(failure->id,
                QmpError{QmpTrouble::refused, failure->error_class,
                         failure->description, true},
                now_ns);
  }
}

void QmpSession::take_greeting(QmpGreeting greeting, std::uint64_t now_ns) {
  if (stage_ != Stage::greeting) {
    break_off("it greets a second time");
    return;
  }
  greeting_ = std::move(greeting);
  stage_ = Stage::negotiating;
  send({"qmp_capabilities"}, {Purpose::negotiation, 0, {}, {}, {}}, now_ns);
}

void QmpSession::take_result(std::optional<std::uint64_t> id, QmpResult result,
                             std::uint64_t now_ns) {
  auto found = id ? sent_.find(*id) : sent_.end();
  std::optional<Sent> sent;
  if (found != sent_.end()) {
    sent = std::move(found->second);
    sent_.erase(found);
  }
  if (sent && sent->purpose == Purpose::negotiation)
    take_capabilities(result, now_ns);
  if (stage_ < Stage::syncing || is_over()) return;
  // One that is too late, or nobody's, was answered all the same.
  note_answer(now_ns);
  if (!sent) return;
  if (sent->purpose == Purpose::status) take_status(result, now_ns);
  if (sent->purpose == Purpose::owner)
    later(std::move(sent->answer), std::move(result));
}

void QmpSession::take_capabilities(const QmpResult& result,
                                   std::uint64_t now_ns) {
  if (!result) {
    break_off("it refuses qmp_capabilities: " + result.error().description);
    return;
  }
  stage_ = Stage::syncing;
  send_status(qmp_query_ns, now_ns);
}

void QmpSession::take_status(const QmpResult& result, std::uint64_t now_ns) {
  auto status = result ? read_status(*result) : std::nullopt;
  if (is_ready()) {
    if (status)
      news_.push_back([status = *status](const auto& callbacks) {
        callbacks.on_status(status);
      });
    return;
  }
  if (!status) {
    break_off("it does not say in what state the guest is");
    return;
  }
  stage_ = Stage::ready;
  news_.push_back([status = *status](const auto& callbacks) {
    callbacks.on_ready(status);
  });
  send_held(now_ns);
}

// -- silence ------------------------------------------------------------------

std::optional<std::uint64_t> QmpSession::next_deadline() const {
  if (is_over()) return std::nullopt;
  auto next = earlier(negotiation_deadline(), write_deadline());
  next = earlier(next, earlier(watch_due(), probe_due()));
  for (const auto& held : held_) next = earlier(next, held.deadline_ns);
  for (const auto& [id, sent] : sent_) next = earlier(next, sent.deadline_ns);
  return next;
}

void QmpSession::tick(std::uint64_t now_ns) {
  if (is_over()) return;
  if (has_come(negotiation_deadline(), now_ns))
    fall_silent(
        stage_ == Stage::greeting
            ? "there was no greeting within " + milliseconds(negotiation_ns_)
            : "qmp_capabilities was not answered within " +
                  milliseconds(negotiation_ns_),
        now_ns);
  if (has_come(write_deadline(), now_ns))
    fall_silent("it read nothing for " + milliseconds(qmp_write_ns), now_ns);
  expire_sent(now_ns);
  expire_held(now_ns);
  if (has_come(watch_due(), now_ns)) send_status(qmp_watch_ns, now_ns);
  if (has_come(probe_due(), now_ns)) {
    send_status(std::nullopt, now_ns);
    probe_pause_ns_ = std::min(2 * probe_pause_ns_, qmp_probe_pause_max_ns);
    probe_at_ns_ = now_ns + probe_pause_ns_;
  }
  tell();
}

std::optional<std::uint64_t> QmpSession::negotiation_deadline() const {
  if (is_silent_ || stage_ >= Stage::syncing) return std::nullopt;
  return negotiation_deadline_ns_;
}

std::optional<std::uint64_t> QmpSession::write_deadline() const {
  if (is_silent_ || lines_.empty()) return std::nullopt;
  return lines_.front().since_ns + qmp_write_ns;
}

/// Whoever answered anything needs not be asked for a while.
std::optional<std::uint64_t> QmpSession::watch_due() const {
  bool is_asked = std::any_of(sent_.begin(), sent_.end(), [](const auto& item) {
    return item.second.purpose == Purpose::status && item.second.deadline_ns;
  });
  if (!is_watching_ || !can_send() || is_asked) return std::nullopt;
  return last_answer_ns_ + qmp_watch_pause_ns;
}

/// What was not even read makes another one needless.
std::optional<std::uint64_t> QmpSession::probe_due() const {
  auto asked = std::count_if(sent_.begin(), sent_.end(), [](const auto& item) {
    return item.second.purpose == Purpose::status;
  });
  if (!is_silent_ || stage_ < Stage::syncing || !lines_.empty() ||
      asked >= static_cast<std::ptrdiff_t>(qmp_probes_max))
    return std::nullopt;
  return probe_at_ns_;
}

void QmpSession::expire_sent(std::uint64_t now_ns) {
  for (auto item = sent_.begin(); item != sent_.end();) {
    auto& sent = item->second;
    if (!has_come(sent.deadline_ns, now_ns)) {
      ++item;
      continue;
    }
    fall_silent(sent.name + " was not answered within " +
                    milliseconds(sent.patience_ns),
                now_ns);
    if (sent.purpose == Purpose::owner) {
      later(std::move(sent.answer), too_late(sent.name, true));
      item = sent_.erase(item);
    } else {
      // Its answer is of use whenever it comes.
      sent.deadline_ns.reset();
      ++item;
    }
  }
}

void QmpSession::expire_held(std::uint64_t now_ns) {
  std::deque<Held> left;
  for (auto& held : held_)
    if (held.deadline_ns <= now_ns)
      later(std::move(held.answer), too_late(held.command.name, false));
    else
      left.push_back(std::move(held));
  held_ = std::move(left);
}

void QmpSession::fall_silent(const std::string& evidence,
                             std::uint64_t now_ns) {
  if (is_silent_) return;
  is_silent_ = true;
  silent_since_ns_ = now_ns;
  probe_pause_ns_ = qmp_probe_pause_min_ns;
  probe_at_ns_ = now_ns + probe_pause_ns_;
  news_.push_back([evidence](const auto& callbacks) {
    callbacks.on_silence(true, evidence);
  });
}

void QmpSession::note_answer(std::uint64_t now_ns) {
  last_answer_ns_ = now_ns;
  if (!is_silent_) return;
  is_silent_ = false;
  if (!lines_.empty()) lines_.front().since_ns = now_ns;
  auto evidence =
      "it answers again after " + milliseconds(now_ns - silent_since_ns_);
  news_.push_back([evidence](const auto& callbacks) {
    callbacks.on_silence(false, evidence);
  });
  send_held(now_ns);
}

// -- the end, and what is told ------------------------------------------------

void QmpSession::close(const std::string& why) {
  end(why);
  tell();
}

void QmpSession::break_off(const std::string& why) {
  end(why);
  news_.push_back([why](const auto& callbacks) { callbacks.on_broken(why); });
}

void QmpSession::end(const std::string& why) {
  stage_ = Stage::over;
  for (auto& [id, sent] : std::exchange(sent_, {}))
    if (sent.purpose == Purpose::owner)
      later(std::move(sent.answer),
            QmpError{QmpTrouble::closed, {}, why, true});
  for (auto& held : std::exchange(held_, {}))
    later(std::move(held.answer), QmpError{QmpTrouble::closed, {}, why, false});
}

void QmpSession::later(QmpAnswer answer, QmpResult result) {
  if (!answer) return;
  news_.push_back([answer = std::move(answer),
                   result = std::move(result)](const QmpCallbacks&) mutable {
    answer(std::move(result));
  });
}

/// Last of all in each function that may have news: whoever is told may call
/// this session again, or end its life.
void QmpSession::tell() {
  if (is_gone_ != nullptr) return;
  bool is_gone = false;
  is_gone_ = &is_gone;
  auto callbacks = callbacks_;
  while (!news_.empty()) {
    auto news = std::move(news_.front());
    news_.pop_front();
    news(*callbacks);
    if (is_gone) return;
  }
  is_gone_ = nullptr;
}

}  // namespace ppn::runtime
