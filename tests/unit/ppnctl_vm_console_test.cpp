// What a guest says on its serial console, later and now.
#include <boost/test/unit_test.hpp>
#include <stdlib.h>
#include <termios.h>

#include <csignal>

#include "store/base64.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tests/unit/ppnctl_vm_samples.hpp"
#include "tools/ppnctl/vm_last_lines.hpp"
#include "tools/ppnctl/vm_log_text.hpp"
#include "tools/ppnctl/vm_pump.hpp"
#include "tools/ppnctl/vm_terminal.hpp"

namespace ppn::tests {

using namespace ctl;
using namespace guest_samples;
using schema::Json;

BOOST_AUTO_TEST_SUITE(ppnctl_vm_console)

// -- logs --------------------------------------------------------------------

namespace {

/// Whatever pieces it comes in.
std::string shown(const std::string& bytes) {
  auto whole = LogText{}.take(bytes);
  LogText text;
  std::string pieces;
  for (char byte : bytes) pieces += text.take({&byte, 1});
  BOOST_TEST(pieces == whole);
  return whole;
}

}  // namespace

BOOST_AUTO_TEST_CASE(plain_text_is_shown_as_it_is) {
  BOOST_TEST(shown("a\tb\n\nc \xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7") ==
             "a\tb\n\nc \xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7");
}

BOOST_AUTO_TEST_CASE(a_return_never_has_a_line_written_over) {
  BOOST_TEST(shown("a\r\nb\r\r\nc\n\rd") == "a\nb\nc\nd");
  BOOST_TEST(shown("good\rbad") == "good\nbad");
  BOOST_TEST(shown("50%\r\x1b[K100%\n") == "50%\n100%\n");
}

BOOST_AUTO_TEST_CASE(sequences_that_command_a_terminal_are_left_out) {
  BOOST_TEST(shown("\x1b[1;31mred\x1b[0m") == "red");
  BOOST_TEST(shown("\x1b[?25l\x1b[2J\x1b[Hhome") == "home");
  BOOST_TEST(shown("\x1b]0;title\x07"
                   "a") == "a");
  BOOST_TEST(shown("\x1b]52;c;ZXZpbA==\x1b\\a") == "a");
  BOOST_TEST(shown("\x1bP1;2q\x1b\\a\x1b_b\x1b\\c\x1b^d\x1b\\e") == "ace");
  BOOST_TEST(shown("\x1b(0a\x1b"
                   "7b\x1b"
                   "cd") == "abd");
}

BOOST_AUTO_TEST_CASE(a_sequence_without_an_end_hides_no_other_line) {
  BOOST_TEST(shown("a\x1b]0;title\nb") == "a\nb");
  BOOST_TEST(shown("a\x1b[\nb") == "a\nb");
  BOOST_TEST(shown("a\x1b\nb") == "a\nb");
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_a_question_mark) {
  BOOST_TEST(shown({"a\0\x07\x7f"
                    "b",
                    5}) == "a???b");
  // What a terminal of eight bits takes for a command, in UTF-8 and bare.
  BOOST_TEST(shown("\xc2\x9b"
                   "31m\x9b"
                   "31m") == "?31m?31m");
  // Not complete, longer than it need be, or beyond all there are.
  BOOST_TEST(shown("\xe2\x82"
                   "a\xc3\nb\xc3\x1b[0m") == "?a?\nb?");
  BOOST_TEST(shown("\xc0\x9b\xe0\x82\x9b\xed\xa0\x80") == "????????");
  BOOST_TEST(shown("\xf4\x90\x80\x80\xff") == "?????");
  // Which turns around what follows.
  BOOST_TEST(shown("\xe2\x80\xae"
                   "abc") == "?abc");
}

BOOST_AUTO_TEST_CASE(the_last_lines_are_found_from_the_end) {
  auto begin = [](const std::string& text, std::uint64_t lines) {
    LastLines last{lines, text.size()};
    while (auto piece = last.next_piece())
      last.take(std::string_view{text}.substr(piece->from, piece->size));
    return last.begin();
  };
  BOOST_TEST(begin("a\nb\nc\n", 1) == 4U);
  BOOST_TEST(begin("a\nb\nc\n", 2) == 2U);
  BOOST_TEST(begin("a\nb\nc", 1) == 4U);
  BOOST_TEST(begin("a\nb\nc\n", 9) == 0U);
  BOOST_TEST(begin("", 1) == 0U);
  BOOST_TEST(begin("\n\n", 1) == 1U);
  std::string large(3 * log_bytes_max, 'x');
  large[5] = '\n';
  BOOST_TEST(begin(large, 1) == 6U);
  large[log_bytes_max] = '\n';
  BOOST_TEST(begin(large, 1) == log_bytes_max + 1);
}

namespace {

std::string log_answer(const std::string& bytes, std::uint64_t from,
                       std::uint64_t size) {
  return json_answer(Json{
      {"schema", "ppn.console-log.v1"},
      {"bytes",
       store::to_base64(ByteView{
           // NOLINTNEXTLINE(*-reinterpret-cast): bytes of a text
           reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()})},
      {"from", from},
      {"next", from + bytes.size()},
      {"size", size}}.dump());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_log_is_printed_to_its_end) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {log_answer("one\r\n\x1b[1mtw", 0, 14)},
                     {log_answer("o\n", 11, 99)},
                     {log_answer("thr", 13, 99)}}};
  auto ran = run(daemon, {"vm", "logs", "web"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "one\ntwo\nthr");
  auto requests = daemon.requests();
  BOOST_TEST(line_of(requests.at(1)) ==
             "GET /v1/vms/" + web_id + "/console-log?from=0&limit=65536");
  BOOST_TEST(line_of(requests.at(2)) ==
             "GET /v1/vms/" + web_id + "/console-log?from=11&limit=65536");
}

BOOST_AUTO_TEST_CASE(only_the_last_lines_of_a_log_are_printed) {
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {log_answer("o", 0, 8)},
                     {log_answer("one\ntwo\n", 0, 8)},
                     {log_answer("two\n", 4, 8)}}};
  BOOST_TEST(run(daemon, {"vm", "logs", "web", "-n", "1"}).out == "two\n");
  BOOST_TEST(mentions(daemon.requests().at(3), "from=4&"));
}

BOOST_AUTO_TEST_CASE(a_log_is_followed_until_that_makes_no_sense) {
  struct sigaction interrupt {};
  struct sigaction termination {};
  ::sigaction(SIGINT, nullptr, &interrupt);
  ::sigaction(SIGTERM, nullptr, &termination);
  FakeDaemon daemon{{{only(vm_json("running", "running", 3))},
                     {log_answer("one\n", 0, 4)},
                     {log_answer("two\n", 4, 8)},
                     // It was begun anew.
                     {log_answer("", 8, 3)},
                     {log_answer("new", 0, 3)},
                     {problem("not-found")}}};
  auto ran = run(daemon, {"vm", "logs", "web", "-f"});
  ::sigaction(SIGINT, &interrupt, nullptr);
  ::sigaction(SIGTERM, &termination, nullptr);
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.out == "one\ntwo\nnew");
}

// -- console -----------------------------------------------------------------

namespace {

/// Two ends of a stream, or of a pipe: what is written to one is read from the
/// other.
class Ends {
 public:
  enum class Kind { pipe, socket };

  explicit Ends(Kind kind) {
    int made = kind == Kind::pipe
                   ? ::pipe2(ends_.data(), O_CLOEXEC)
                   : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
                                  ends_.data());
    BOOST_REQUIRE(made == 0);
  }
  ~Ends() {
    for (int end : ends_) ::close(end);
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  [[nodiscard]] int near() const { return ends_[0]; }
  [[nodiscard]] int far() const { return ends_[1]; }

  void say(const std::string& bytes) const {
    BOOST_REQUIRE(::write(ends_[1], bytes.data(), bytes.size()) ==
                  static_cast<ssize_t>(bytes.size()));
  }
  void close_far() { ::close(std::exchange(ends_[1], -1)); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// All that can be read there now.
std::string heard(int descriptor) {
  std::string bytes(std::size_t{1} << 20U, '\0');
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  auto got = ::read(descriptor, bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

struct Console {
  Ends input{Ends::Kind::pipe};
  Ends output{Ends::Kind::pipe};
  Ends guest{Ends::Kind::socket};
  Ends signals{Ends::Kind::pipe};

  PumpEnd run(const std::string& first = {}) {
    return pump({input.near(), output.far(), guest.near(), signals.near()},
                first);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(keys_reach_the_guest_until_one_detaches, Console) {
  input.say("ls\r\x03\x1a\x1drm -rf\r");
  BOOST_CHECK(run() == PumpEnd::detached);
  BOOST_TEST(heard(guest.far()) == "ls\r\x03\x1a");
}

BOOST_FIXTURE_TEST_CASE(what_the_guest_says_is_passed_on_as_it_is, Console) {
  std::string said("\x1b[2J\0\xff", 6);
  guest.say(said + std::string(30'000, 'x'));
  guest.close_far();
  BOOST_CHECK(run("first ") == PumpEnd::guest_gone);
  BOOST_TEST(heard(output.near()) ==
             "first " + said + std::string(30'000, 'x'));
}

BOOST_FIXTURE_TEST_CASE(the_end_of_the_input_ends_nothing, Console) {
  input.say("ls\r");
  input.close_far();
  guest.say("a b");
  ::shutdown(guest.far(), SHUT_WR);
  BOOST_CHECK(run() == PumpEnd::guest_gone);
  BOOST_TEST(heard(output.near()) == "a b");
}

BOOST_FIXTURE_TEST_CASE(a_guest_that_takes_nothing_is_left_all_the_same,
                        Console) {
  int size = 1;
  ::setsockopt(guest.near(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  input.say(std::string(30'000, 'x') + detach_key);
  BOOST_CHECK(run() == PumpEnd::detached);
}

BOOST_FIXTURE_TEST_CASE(a_signal_ends_a_console, Console) {
  signals.say("x");
  BOOST_CHECK(run() == PumpEnd::signalled);
}

BOOST_FIXTURE_TEST_CASE(output_that_nobody_takes_ends_a_console, Console) {
  SignalDescriptor held_back;
  Ends other{Ends::Kind::pipe};
  ::dup2(other.near(), output.near());
  BOOST_CHECK(run("x") == PumpEnd::output_gone);
}

BOOST_AUTO_TEST_CASE(a_terminal_is_raw_only_while_it_is_a_guests) {
  int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  BOOST_REQUIRE(keyboard >= 0);
  BOOST_REQUIRE(::grantpt(keyboard) == 0);
  BOOST_REQUIRE(::unlockpt(keyboard) == 0);
  int terminal = ::open(::ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
  BOOST_REQUIRE(terminal >= 0);
  auto flags = [terminal] {
    termios now{};
    ::tcgetattr(terminal, &now);
    return now.c_lflag & (ECHO | ICANON | ISIG);
  };
  auto before = flags();
  BOOST_TEST(before != 0U);
  {
    RawTerminal raw{terminal};
    BOOST_TEST(flags() == 0U);
  }
  BOOST_TEST(flags() == before);
  ::close(terminal);
  ::close(keyboard);
}

BOOST_AUTO_TEST_CASE(a_signal_that_came_is_taken_and_ends_nothing_later) {
  {
    SignalDescriptor signals;
    ::raise(SIGTERM);
    BOOST_TEST(!heard(signals.get()).empty());
    ::raise(SIGHUP);
  }
  sigset_t waiting{};
  ::sigpending(&waiting);
  BOOST_TEST(::sigismember(&waiting, SIGHUP) == 0);
}

namespace {

/// Answers who looks for guests, and then is the console of one: says so much,
/// and hears all until it is left.
class FakeConsole {
 public:
  explicit FakeConsole(std::string said)
      : daemon_({{only(vm_json("running", "running", 3))}, {std::move(said)}}) {
  }

  [[nodiscard]] const FakeDaemon& daemon() const { return daemon_; }
  std::string asked() { return daemon_.requests().at(1); }

 private:
  FakeDaemon daemon_;
};

/// While it lives, standard input is that.
class Input {
 public:
  explicit Input(int descriptor) : before_(::dup(STDIN_FILENO)) {
    ::dup2(descriptor, STDIN_FILENO);
  }
  ~Input() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

 private:
  int before_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_console_is_asked_for_and_ends_with_its_guest) {
  Ends keys{Ends::Kind::pipe};
  keys.close_far();
  Input input{keys.near()};
  FakeConsole console{
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
      "Upgrade: ppn-console\r\n\r\nlogin: \x1b[1m"};
  auto ran = run(console.daemon(), {"vm", "console", "web"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "login: \x1b[1m");
  BOOST_TEST(ran.err ==
             "this is the console of web; Ctrl-] detaches\n"
             "the console of web ended; what became of it: ppnctl vm show "
             "web\n");
  auto asked = console.asked();
  BOOST_TEST(line_of(asked) == "GET /v1/vms/" + web_id + "/console");
  BOOST_TEST(mentions(asked, "\r\nConnection: Upgrade\r\n"));
  BOOST_TEST(mentions(asked, "\r\nUpgrade: ppn-console\r\n"));
}

BOOST_AUTO_TEST_CASE(a_console_that_is_taken_is_refused) {
  FakeConsole console{problem("refused")};
  auto ran = run(console.daemon(), {"vm", "console", "web"});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(ran.err == "ppnctl: the cause\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
