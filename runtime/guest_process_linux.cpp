#include "runtime/guest_process_linux.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <string_view>

#include "events/vm.hpp"
#include "runtime/keeper/keeper_linux.hpp"
#include "runtime/keeper/run_directory_linux.hpp"
#include "schema/plain_text.hpp"
#include "store/byte_order.hpp"

namespace ppn::runtime {

namespace fs = std::filesystem;

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;

namespace {

// -- processes ----------------------------------------------------------------

std::string file_of(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

FileHandle open_process(pid_t pid) {
  return FileHandle{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

struct ProcessState {
  char letter = 0;
  pid_t parent = 0;
};

/// As in proc(5), /proc/PID/stat; nothing if there is no such process.
std::optional<ProcessState> state_of(pid_t pid) {
  constexpr std::size_t stat_max = 4096;
  auto stat = store::read_file(file_of(pid, "stat"), stat_max);
  if (!stat) return std::nullopt;
  // They follow the program's name, in which there may be brackets too.
  auto bracket = stat->rfind(')');
  std::istringstream fields{stat->substr(std::min(bracket, stat->size()))};
  ProcessState state;
  char end_of_name = 0;
  fields >> end_of_name >> state.letter >> state.parent;
  return fields ? std::optional{state} : std::nullopt;
}

/// Not open if its parent is none.
FileHandle keeper_of(pid_t pid) {
  constexpr std::size_t name_max = 64;
  auto state = state_of(pid);
  if (!state) return {};
  auto name = store::read_file(file_of(state->parent, "comm"), name_max);
  if (!name || *name != "ppn-keeper\n") return {};
  auto keeper = open_process(state->parent);
  // If it is still the parent, its number has not gone to anybody else.
  auto again = state_of(pid);
  return again && again->parent == state->parent ? std::move(keeper)
                                                 : FileHandle{};
}

bool is_hung_up(int socket) {
  pollfd state{socket, 0, 0};
  return ::poll(&state, 1, 0) != 0;
}

/// Who listens at the other end; nothing if it hung up, and so may be dead.
store::Result<std::optional<RunningGuest>> identify(std::uint64_t start,
                                                    FileHandle connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) !=
      0)
    return system_error("ask for the process of",
                        name_of(start, control_socket));
  RunningGuest guest{start, peer.pid, open_process(peer.pid), {}, {}};
  if (!guest.process.open() && errno != ESRCH)
    return system_error("open process", std::to_string(peer.pid));
  guest.keeper = keeper_of(peer.pid);
  // Only while it stands is the number still that of who listens.
  if (!guest.process.open() || is_hung_up(connection.get()))
    return std::optional<RunningGuest>{};
  guest.connection = std::move(connection);
  return std::optional{std::move(guest)};
}

// -- finding ------------------------------------------------------------------

struct Found {
  std::vector<RunningGuest> guests;
  /// What there is beside them, in words.
  std::vector<std::string> evidence;
};

/// Who has a start whose monitor lets nobody in: its other sockets may.
std::string evidence_of_taken(const RunDirectory& directory,
                              std::uint64_t start) {
  for (auto kind : guest_sockets) {
    auto other = directory.contact(start, kind);
    if (!other || other->state != Contact::State::connected) continue;
    auto guest = identify(start, std::move(other->connection));
    if (guest && *guest) return process_evidence((*guest)->pid);
  }
  return "its process can not be told, its other sockets being the same";
}

store::Status look_for(std::uint64_t start, const RunDirectory& directory,
                       Found& found) {
  constexpr int tries_max = 3;
  auto words = fmt::format("start {} ", start);
  for (int tries = 0; tries < tries_max; ++tries) {
    auto made = directory.contact(start, control_socket);
    if (!made) return made.error();
    switch (made->state) {
      case Contact::State::dead:
        return {};
      case Contact::State::under_way:
        found.evidence.push_back(words + "is under way");
        return {};
      case Contact::State::taken:
        found.evidence.push_back(
            words + "lives, but its monitor takes no more connections; " +
            evidence_of_taken(directory, start));
        return {};
      case Contact::State::connected:
        auto guest = identify(start, std::move(made->connection));
        if (!guest) return guest.error();
        if (!*guest) break;
        found.guests.push_back(std::move(**guest));
        return {};
    }
  }
  found.evidence.push_back(words + "hangs up on whoever connects");
  return {};
}

store::Result<std::optional<RunningGuest>> only_one_of(
    Found found, const RunDirectory& directory) {
  if (found.evidence.empty() && found.guests.size() <= 1) {
    std::optional<RunningGuest> only;
    if (!found.guests.empty()) only = std::move(found.guests.front());
    return only;
  }
  for (const auto& guest : found.guests)
    found.evidence.push_back(fmt::format("start {} lives; {}", guest.start,
                                         process_evidence(guest.pid)));
  return Error{ErrorCode::io, fmt::format("{}: {}", directory.path().string(),
                                          fmt::join(found.evidence, "; "))};
}

// -- the log ------------------------------------------------------------------

/// What a start writes follows this line.
std::string heading_of(std::uint64_t start) {
  return "-- start " + std::to_string(start) + " --\n";
}

/// Not to wait for the other end of what may be a pipe.
store::Result<FileHandle> open_regular(const fs::path& path, int flags) {
  FileHandle file{::open(path.c_str(),
                         flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                         S_IRUSR | S_IWUSR)};
  if (!file.open()) return system_error("open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("look at", path);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::bad_input, path.string() + " is no regular file"};
  return file;
}

store::Result<FileHandle> open_log(const GuestLaunch& launch) {
  auto log = open_regular(launch.log, O_WRONLY | O_APPEND | O_CREAT);
  if (!log) return log;
  auto headed = store::write_all(
      log->get(), store::as_bytes(heading_of(launch.start)), launch.log);
  if (!headed) return headed.error();
  return log;
}

/// The last bytes of a file, so many at most.
std::string tail_of(const fs::path& path, std::size_t size) {
  auto file = open_regular(path, O_RDONLY);
  if (!file) return {};
  auto whole = ::lseek(file->get(), 0, SEEK_END);
  auto begin = std::max<off_t>(whole - static_cast<off_t>(size), 0);
  std::string tail(size, '\0');
  auto got = ::pread(file->get(), tail.data(), tail.size(), begin);
  tail.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return tail;
}

std::string last_words_of(std::uint64_t start, const fs::path& log) {
  auto heading = heading_of(start);
  auto words = tail_of(log, heading.size() + last_words_max);
  if (auto begin = words.rfind(heading); begin != std::string::npos)
    words.erase(0, begin + heading.size());
  if (words.size() > last_words_max) {
    words.erase(0, words.size() - last_words_max);
    // Not to begin in the midst of a character of UTF-8.
    auto is_midst = [](char byte) { return (byte & '\xc0') == '\x80'; };
    words.erase(words.begin(),
                std::find_if_not(words.begin(), words.end(), is_midst));
  }
  words.erase(words.find_last_not_of(" \r\n") + 1);
  return schema::printable(words, "\n\t");
}

/// Takes what a keeper noted; anything else says nothing.
void take_end(std::string_view text, GuestEnd& end) {
  constexpr std::string_view exited = "exited ";
  constexpr std::string_view signalled = "signalled ";
  bool is_exit = text.starts_with(exited);
  if (!text.ends_with('\n') || (!is_exit && !text.starts_with(signalled)))
    return;
  text.remove_suffix(1);
  text.remove_prefix(is_exit ? exited.size() : signalled.size());
  int code = 0;
  const auto* last = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), last, code);
  if (error != std::errc{} || rest != last) return;
  end.kind = is_exit ? GuestEnd::Kind::exited : GuestEnd::Kind::signalled;
  end.code = code;
}

}  // namespace

store::Result<pid_t> launch_guest(const GuestLaunch& launch,
                                  std::chrono::milliseconds patience) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  if (launch.argv.empty())
    return Error{ErrorCode::bad_input, "a guest without a program"};
  auto directory = RunDirectory::open(launch.run_dir);
  if (!directory) return directory.error();
  if (auto checked = directory->check(); !checked) return checked.error();
  StartSockets sockets{*directory, launch.start};
  if (auto bound = sockets.bind(); !bound) return bound.error();
  // Not before: so one of two that start at the same time sees the other.
  auto starts = directory->starts();
  if (!starts) return starts.error();
  for (auto other : *starts)
    if (other != launch.start && directory->may_live(other))
      return Error{ErrorCode::io, fmt::format("start {} still lives in {}",
                                              other, launch.run_dir.string())};
  auto log = open_log(launch);
  if (!log) return log.error();
  const auto& handles = sockets.handles();
  KeeperDescriptors handed{handles[0].get(), handles[1].get(), handles[2].get(),
                           log->get(), directory->get()};
  if (launch.tap) handed.push_back(*launch.tap);
  auto guest = start_by_keeper(launch, handed, deadline);
  if (guest) sockets.stay();
  return guest;
}

store::Result<std::optional<RunningGuest>> find_guest(const fs::path& run_dir) {
  auto directory = RunDirectory::open(run_dir);
  if (!directory && directory.error().code == ErrorCode::not_found)
    return std::optional<RunningGuest>{};
  if (!directory) return directory.error();
  auto starts = directory->starts();
  if (!starts) return starts.error();
  Found found;
  for (auto start : *starts)
    if (auto looked = look_for(start, *directory, found); !looked)
      return looked.error();
  return only_one_of(std::move(found), *directory);
}

GuestEnd end_of_guest(const fs::path& run_dir, std::uint64_t start,
                      const fs::path& log) {
  constexpr std::size_t end_max = 32;
  GuestEnd end;
  take_end(tail_of(run_dir / name_of(start, end_note), end_max), end);
  end.last_words = last_words_of(start, log);
  return end;
}

void forget_starts(const fs::path& run_dir, std::uint64_t up_to) {
  auto directory = RunDirectory::open(run_dir);
  if (!directory) return;
  auto starts = directory->starts();
  if (!starts) return;
  for (auto start : *starts)
    if (start <= up_to && !directory->may_live(start)) directory->forget(start);
}

std::uint64_t newest_start(const std::filesystem::path& run_dir) {
  std::uint64_t newest = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator{run_dir, error}) {
    auto name = file.path().filename().string();
    std::uint64_t start = 0;
    auto [rest, failed] =
        std::from_chars(name.data(), name.data() + name.size(), start);
    if (failed == std::errc{} && *rest == '.' && start <= events::vm_start_max)
      newest = std::max(newest, start);
  }
  return newest;
}

store::Status signal_process(const FileHandle& process, int signal) {
  auto sent =
      ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
  if (sent == 0 || errno == ESRCH) return {};
  return system_error("signal", "a guest's process");
}

std::string process_evidence(pid_t pid) {
  auto state = state_of(pid);
  if (!state) return fmt::format("there is no process {}", pid);
  auto doing = [&]() -> std::string_view {
    switch (state->letter) {
      case 'T':
        return "is stopped";
      case 't':
        return "is stopped by a debugger";
      case 'D':
        return "waits for a device";
      case 'Z':
      case 'X':
        return "has ended";
      default:
        return "runs";
    }
  };
  return fmt::format("process {} {} ({})", pid, doing(), state->letter);
}

}  // namespace ppn::runtime
