// Redis Streams with an append-only file that is synced before each answer. A
// server of our own on a UNIX socket, and one client connection for each
// request that waits. It signs nothing, chains nothing and checks no version.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "tests/bench/child_process.hpp"
#include "tests/bench/contender.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/failure.hpp"

namespace ppn::bench {

namespace {

constexpr auto server_program = "redis-server";
constexpr std::size_t spare_descriptors = 128;

std::vector<std::string> server_arguments(const LoopOptions& options) {
  return {"--port",
          "0",
          "--unixsocket",
          "redis.sock",
          "--dir",
          options.directory.string(),
          "--logfile",
          "redis.log",
          "--appendonly",
          "yes",
          "--appendfsync",
          "always",
          "--auto-aof-rewrite-percentage",
          "0",
          "--save",
          "",
          "--maxclients",
          std::to_string(options.waiting + 16)};
}

/// As many descriptors as we may have, for us and for the server.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void add_bulk(std::string& command, std::string_view bytes) {
  command += "$" + std::to_string(bytes.size()) + "\r\n";
  command += bytes;
  command += "\r\n";
}

std::string xadd_command(ByteView payload) {
  std::string command = "*5\r\n";
  for (std::string_view word : {"XADD", "ledger", "*", "e"})
    add_bulk(command, word);
  add_bulk(command, store::as_text(payload));
  return command;
}

/// A connection with one request on its way.
struct Client {
  store::FileHandle socket;
  Stopwatch since_submission;
  std::string_view unsent;
  std::string reply;
};

/// Whether the reply is complete: "$15\r\n1700000000000-0\r\n".
bool is_complete(const std::string& reply) {
  if (!reply.empty() && reply[0] != '$') throw Failure{"Redis says " + reply};
  auto line = reply.find("\r\n");
  return line != std::string::npos && reply.size() > line + 2 &&
         reply.ends_with("\r\n");
}

class RedisLoop final : public Contender {
 public:
  explicit RedisLoop(const LoopOptions& options)
      : server_(find_program(server_program).value(),
                server_arguments(options)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        clients_(options.waiting) {
    auto path = (options.directory / "redis.sock").string();
    for (auto& client : clients_) connect(client, path);
  }

  [[nodiscard]] std::string name() const override {
    return "Redis XADD, fsync always";
  }

  Round run(std::span<const store::AppendRequest> requests) override {
    commands_.clear();
    for (const auto& record : records_like(requests))
      commands_.push_back(xadd_command(record));
    next_ = 0;
    std::size_t answered = 0;
    Round round;
    round.answer_ms.reserve(commands_.size());
    auto cpu_before = server_.cpu_seconds();
    Stopwatch whole;
    for (auto& client : clients_) submit_next(client);
    while (answered < commands_.size()) answered += serve_ready(round);
    round.seconds = whole.seconds();
    round.cpu_seconds = server_.cpu_seconds() - cpu_before;
    return round;
  }

 private:
  void connect(Client& client, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    require(path.size() < sizeof address.sun_path,
            "use the socket " + path + ": choose a shorter --directory");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    client.socket =
        store::FileHandle{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): its way
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    Stopwatch since_begin;
    while (::connect(client.socket.get(), where, sizeof address) != 0) {
      require(server_.running() && since_begin.seconds() < 10,
              "reach the Redis server at " + path);
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    ::fcntl(client.socket.get(), F_SETFL, O_NONBLOCK);
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.ptr = &client;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, client.socket.get(), &interest);
  }

  void submit_next(Client& client) {
    if (next_ == commands_.size()) return;
    client.unsent = commands_[next_++];
    client.since_submission = {};
    send(client);
  }

  /// A command is far smaller than a socket's buffer, which is empty.
  void send(Client& client) {
    auto sent = ::send(client.socket.get(), client.unsent.data(),
                       client.unsent.size(), MSG_NOSIGNAL);
    require(sent == static_cast<ssize_t>(client.unsent.size()),
            "send a command to Redis");
    client.unsent = {};
  }

  std::size_t serve_ready(Round& round) {
    std::array<epoll_event, 512> ready{};
    int count = ::epoll_wait(poll_.get(), ready.data(),
                             static_cast<int>(ready.size()), -1);
    std::size_t answered = 0;
    for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count);
         ++i) {
      auto& client = *static_cast<Client*>(ready[i].data.ptr);
      if (!receive(client)) continue;
      round.answer_ms.push_back(client.since_submission.seconds() * 1e3);
      ++answered;
      submit_next(client);
    }
    return answered;
  }

  /// Whether the answer is complete.
  static bool receive(Client& client) {
    std::array<char, 256> buffer{};
    auto got = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    require(got > 0, "receive an answer: Redis hung up");
    client.reply.append(buffer.data(), static_cast<std::size_t>(got));
    if (!is_complete(client.reply)) return false;
    client.reply.clear();
    return true;
  }

  ChildProcess server_;
  store::FileHandle poll_;
  std::vector<Client> clients_;
  std::vector<std::string> commands_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_redis_loop(const LoopOptions& options) {
  return std::make_unique<RedisLoop>(options);
}

std::string why_no_redis(std::size_t waiting) {
  if (!find_program(server_program)) return "redis-server is not installed";
  auto limit = raise_descriptor_limit();
  if (limit < waiting + spare_descriptors)
    return "only " + std::to_string(limit) + " open files are allowed";
  return {};
}

}  // namespace ppn::bench
