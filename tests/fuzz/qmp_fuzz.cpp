// What comes from a monitor of QEMU. The first byte chooses in which pieces it
// comes and what else happens meanwhile. Pieces make no difference to messages,
// and whatever comes, each command is answered once, and a session that is not
// over always knows when it has something to do.
#include <algorithm>
#include <map>

#include "runtime/qmp_session.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/random.hpp"

namespace ppn::fuzz {

namespace {

using runtime::qmp_line;
using runtime::QmpCallbacks;
using runtime::QmpClass;
using runtime::QmpEvent;
using runtime::QmpFailure;
using runtime::QmpGreeting;
using runtime::QmpJson;
using runtime::QmpReader;
using runtime::QmpReply;
using runtime::QmpResult;
using runtime::QmpSession;
using runtime::QmpStatus;

// -- messages -----------------------------------------------------------------

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char letter) {
    auto byte = static_cast<unsigned char>(letter);
    return byte < ' ' || byte == 0x7f;
  });
}

struct CheckMessage {
  void operator()(const QmpGreeting& greeting) const {
    require(is_plain(greeting.package), "a package is told in plain text");
  }
  void operator()(const QmpReply& reply) const {
    auto line = qmp_line({"again", reply.value}, 1);
    require(line.find('\n') == line.size() - 1, "a command is one line");
    auto again = QmpJson::parse(line, nullptr, false);
    require(!again.is_discarded() &&
                reply.value == again.value("arguments", QmpJson{}),
            "a value is the same when it is told again");
    if (auto status = runtime::read_status(reply.value))
      require(runtime::run_state_of(name_of(status->state)) == status->state,
              "a state has a name");
  }
  void operator()(const QmpFailure& failure) const {
    require(!failure.error_class.empty(), "a failure has a class");
    require(is_plain(failure.description) && failure.description.size() <= 400,
            "a failure is told in few words");
  }
  void operator()(const QmpEvent& event) const {
    require(!event.name.empty(), "an event has a name");
    require(event.utc_ns.value_or(0) >= 0, "no event was before 1970");
    (void)runtime::read_news(event);
  }
};

/// A letter for each message, and what ended them.
std::string read_in_pieces(std::string_view text, std::size_t size) {
  QmpReader reader;
  std::string kinds;
  while (!text.empty()) {
    reader.feed(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
    for (;;) {
      auto message = reader.next();
      if (!message) {
        require(!message.error().message.empty(), "a refusal has a reason");
        return kinds + message.error().message;
      }
      if (!*message) break;
      std::visit(CheckMessage{}, **message);
      kinds += "GRFE"[(*message)->index()];
    }
  }
  return kinds;
}

// -- sessions -----------------------------------------------------------------

/// An owner that does anything at any time, and looks whether it is told what
/// it has to be.
class Owner {
 public:
  explicit Owner(std::uint64_t seed)
      : random_(seed), session_(callbacks(), now_) {}

  void hear(std::string_view bytes) {
    session_.take(bytes, now_);
    check();
    act();
    check();
  }

  void end() {
    session_.close("the end");
    for (const auto& [command, answers] : answers_)
      require(answers == 1, "each command is answered once");
    require(session_.output().empty() && !session_.next_deadline(),
            "what is over wants nothing");
  }

 private:
  void act() {
    switch (random_.below(6)) {
      case 0:
        return execute();
      case 1:
        return session_.watch(random_.below(2) == 0);
      case 2:
        return write(random_.below(100));
      case 3:
        return write(session_.output().size());
      case 4:
        return tick(now_ + random_.below(3'000'000'000));
      default:
        return tick(session_.next_deadline().value_or(now_));
    }
  }

  void execute() {
    auto command = ++last_;
    answers_[command] = 0;
    auto kind = random_.below(2) == 0 ? QmpClass::query : QmpClass::control;
    session_.execute(
        {"do", {{"it", command}}}, kind,
        [this, command](const QmpResult& result) {
          ++answers_[command];
          if (!result && !result.error().was_sent)
            require(!sent_[command], "what is said to be unsent is");
          if (command % 8 == 0 && !session_.is_over()) execute();
        },
        now_);
  }

  void write(std::size_t size) {
    size = std::min(size, session_.output().size());
    said_ += session_.output().substr(0, size);
    session_.note_written(size, now_);
    for (auto end = said_.find('\n'); end != std::string::npos;
         end = said_.find('\n')) {
      note_said(QmpJson::parse(said_.substr(0, end)));
      said_.erase(0, end + 1);
    }
  }

  void note_said(const QmpJson& command) {
    auto id = command.at("id").get<std::uint64_t>();
    require(id == last_id_ + 1, "each command has the next number");
    last_id_ = id;
    if (command.at("execute") == "do")
      sent_[command.at("arguments").at("it").get<std::uint64_t>()] = true;
    else
      require(command.at("execute") ==
                  (id == 1 ? "qmp_capabilities" : "query-status"),
              "a session says nothing else by itself");
  }

  void tick(std::uint64_t now_ns) {
    now_ = std::max(now_, now_ns);
    session_.tick(now_);
    auto next = session_.next_deadline();
    require(!next || *next > now_, "what was due is done");
  }

  void check() const {
    require(session_.is_over() || session_.is_silent() == is_silent_,
            "a silence is told");
    require(!session_.is_ready() || has_been_ready_, "so is that it is ready");
    require(!has_broken_ || session_.is_over(), "what broke is over");
  }

  QmpCallbacks callbacks() {
    QmpCallbacks callbacks;
    callbacks.on_ready = [this](const QmpStatus&) {
      require(!has_been_ready_, "it is ready once");
      has_been_ready_ = true;
    };
    callbacks.on_status = [this](const QmpStatus&) {
      require(has_been_ready_, "what comes later comes later");
    };
    callbacks.on_event = [this](const QmpEvent&) {
      require(!has_broken_, "nothing comes after the end");
    };
    callbacks.on_silence = [this](bool is_silent, const std::string& why) {
      require(is_silent != is_silent_, "silence begins and ends in turn");
      require(!why.empty(), "there is evidence");
      is_silent_ = is_silent;
    };
    callbacks.on_broken = [this](const std::string& why) {
      require(!has_broken_ && !why.empty(), "it breaks once, for a reason");
      has_broken_ = true;
    };
    return callbacks;
  }

  tests::Random random_;
  std::uint64_t now_ = 1'000'000'000;
  bool has_been_ready_ = false;
  bool is_silent_ = false;
  bool has_broken_ = false;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, int> answers_;
  std::map<std::uint64_t, bool> sent_;
  std::string said_;
  std::uint64_t last_id_ = 0;
  QmpSession session_;
};

}  // namespace

void run(ByteView input) {
  Input bytes{input};
  auto seed = bytes.number(1);
  auto text = store::as_text(bytes.rest());
  auto size = static_cast<std::size_t>(1 + seed * seed % 251);
  require(read_in_pieces(text, text.size()) == read_in_pieces(text, size),
          "pieces make no difference");
  constexpr std::size_t pieces_max = 100;
  size = std::max(size, text.size() / pieces_max);
  Owner owner{seed};
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    owner.hear(text.substr(0, size));
  owner.end();
}

}  // namespace ppn::fuzz
