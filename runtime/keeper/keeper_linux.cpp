#include "runtime/keeper/keeper_linux.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/program_linux.hpp"
#include "schema/plain_text.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::FileHandle;
using store::system_error;
using Clock = std::chrono::steady_clock;

namespace {

std::vector<std::string> order_for(const GuestLaunch& launch) {
  auto group = launch.extra_group ? std::to_string(*launch.extra_group)
                                  : std::string{"-"};
  std::vector<std::string> words{launch.keeper.string(),
                                 launch.unit ? "stay" : "detach",
                                 std::to_string(launch.start),
                                 std::to_string(launch.uid),
                                 std::to_string(launch.gid),
                                 group,
                                 "--"};
  words.insert(words.end(), launch.argv.begin(), launch.argv.end());
  return launch.unit ? unit_command(*launch.unit, words) : words;
}

/// The process that starts the keeper proper, and leads its group. What goes
/// wrong before the keeper has a say is told in its place.
store::Result<pid_t> spawn_keeper(const GuestLaunch& launch, int socket) {
  auto words = order_for(launch);
  return start_apart(words.front(), {words.begin() + 1, words.end()}, {},
                     socket);
}

/// None of its group is of use any more.
void give_up(const GuestLaunch& launch, pid_t leader) {
  ::kill(-leader, SIGKILL);
  if (launch.unit) kill_unit(launch.unit->name);
}

/// That it can fail is found out when there is no answer.
void hand_over(const KeeperDescriptors& descriptors, int socket) {
  char byte = 0;
  iovec data{&byte, sizeof byte};
  constexpr std::size_t count_max = guest_sockets.size() + 3;
  auto size = descriptors.size() * sizeof(int);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(count_max * sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(size);
  auto* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(part), descriptors.data(), size);
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

constexpr std::string_view running = "running ";
constexpr std::string_view failed = "failed ";

/// The line of a keeper, maybe below what others said; empty if it said none.
std::string_view verdict_in(std::string_view text) {
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (end == std::string_view::npos) break;
    if (line.starts_with(running) || line.starts_with(failed)) return line;
    text.remove_prefix(end + 1);
  }
  return {};
}

/// All up to a verdict, or to the end; nothing at the deadline.
std::optional<std::string> hear(int socket, Clock::time_point deadline) {
  using std::chrono::milliseconds;
  constexpr std::size_t text_max = 4096;
  std::string text;
  std::array<char, 256> piece{};
  while (verdict_in(text).empty() && text.size() < text_max) {
    auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds::zero()) return std::nullopt;
    pollfd wait{socket, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    auto got = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// What the keeper says of the guest.
store::Result<pid_t> verdict_of(const std::optional<std::string>& said,
                                const std::string& program) {
  if (!said) return Error{ErrorCode::io, program + " takes too long to start"};
  auto line = verdict_in(*said);
  pid_t pid = 0;
  if (line.starts_with(running)) {
    std::from_chars(line.data() + running.size(), line.data() + line.size(),
                    pid);
    if (pid > 0) return pid;
  }
  auto why = line.starts_with(failed) ? std::string{line.substr(failed.size())}
                                      : schema::printable(*said);
  if (why.empty()) why = "its keeper ended before it ran";
  return Error{ErrorCode::io, "cannot start " + program + ": " + why};
}

}  // namespace

store::Result<pid_t> start_by_keeper(const GuestLaunch& launch,
                                     const KeeperDescriptors& descriptors,
                                     Clock::time_point deadline) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return system_error("make", "a pair of sockets");
  FileHandle ours{ends[0]};
  FileHandle theirs{ends[1]};
  auto leader = spawn_keeper(launch, theirs.get());
  if (!leader) return leader.error();
  theirs = FileHandle{};
  hand_over(descriptors, ours.get());
  auto guest = verdict_of(hear(ours.get(), deadline), launch.argv.front());
  // A keeper that comes later finds nobody who waits for its guest.
  ours = FileHandle{};
  if (guest)
    ::kill(*leader, SIGKILL);
  else
    give_up(launch, *leader);
  while (::waitpid(*leader, nullptr, 0) < 0 && errno == EINTR) {
  }
  return guest;
}

}  // namespace ppn::runtime
