// A node with its control API behind a real socket, for tests.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/api_server.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/api_client.hpp"
#include "tests/unit/api_samples.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

inline const std::string sample_wish =
    R"({"change":{"kind":"grant","subject":"node/2","resource":"vm/1",)"
    R"("rights":["invoke"]}})";

/// A node with its control API, and the I/O thread of both.
class Service {
 public:
  /// What the ledger has of all user data.
  inline static const Hash kept_as = hash_of(0xcc);

  Service() {
    runtime::NodeSettings settings;
    settings.state_dir = (scratch_ / "state").string();
    settings.name = "alone";
    settings.version = "test";
    settings.interface = "ppn-none";
    settings.hypervisor.guest_dir = scratch_ / "guests";
    settings.hypervisor.run_dir = scratch_ / "guests-run";
    settings.pool.memory_mb = 4096;
    node_ = must(runtime::RunningNode::start(
        settings, io_, [this](std::uint64_t entries) { take_growth(entries); },
        [](const std::string&) {}));
    runtime::Api::Facts facts{"test", "the state directory", "ppn-none",
                              [] { return std::vector<runtime::Warning>{}; }};
    facts.keep_user_data = [this](std::string_view data) {
      kept_user_data_.emplace_back(data);
      return kept_as;
    };
    facts.read_console = [](const Id&, std::uint64_t from,
                            std::uint64_t limit) {
      return runtime::ConsolePart{Bytes(limit, 'x'), from, 5000};
    };
    api_ = std::make_unique<runtime::Api>(*node_, std::move(facts));
    server_ =
        must(runtime::ApiServer::listen(path(), io_, {::geteuid(), {}, {}}));
    server_->serve(*api_);
    thread_ = std::thread{[this] { io_.run(); }};
    await_running();
  }

  ~Service() {
    io_.stop();
    thread_.join();
    more_servers_.clear();
    server_.reset();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::string path() const {
    return (scratch_ / "run" / "ppnd.sock").string();
  }

  [[nodiscard]] ApiClient connect() const { return ApiClient{path()}; }

  [[nodiscard]] HttpAnswer get(std::string_view target) const {
    return connect().ask(request("GET", target));
  }

  /// Does it in the I/O thread, and waits until it is done.
  template <class Task>
  void in_io_thread(Task task) {
    std::packaged_task<void()> whole{task};
    auto done = whole.get_future();
    boost::asio::post(io_, [&whole] { whole(); });
    done.get();
  }

  void set_rules(const runtime::AccessRules& rules) {
    in_io_thread([&] { server_->set_rules(rules); });
  }

  void stop() {
    in_io_thread([this] { server_->stop(); });
  }

  /// Records something; answers the sequence of the entry.
  [[nodiscard]] std::uint64_t commit_something() const {
    auto client = connect();
    auto proposed = client.ask(post("/v1/proposals", sample_wish));
    BOOST_REQUIRE(proposed.status == 201U);
    auto id = schema::Json::parse(proposed.body)["id"].get<std::string>();
    auto committed =
        client.ask(request("POST", "/v1/proposals/" + id + "/commit"));
    BOOST_REQUIRE(committed.status == 200U);
    return schema::Json::parse(committed.body)["sequence"].get<std::uint64_t>();
  }

  /// The user data that was kept so far.
  [[nodiscard]] std::vector<std::string> kept_user_data() {
    std::vector<std::string> kept;
    in_io_thread([&] { kept = kept_user_data_; });
    return kept;
  }

  /// A first answer, asked for until there is a place for one more connection.
  [[nodiscard]] ApiClient connect_and_ask(const std::string& request) const {
    for (;;) {
      auto client = connect();
      auto answer = client.ask(request);
      if (answer.status == 200) return client;
      BOOST_REQUIRE(answer.status == 503U);
    }
  }

 protected:
  /// One more server, which lasts as long as this.
  store::Status listen_at(const std::string& path) {
    store::Status listening;
    in_io_thread([&] {
      auto server =
          runtime::ApiServer::listen(path, io_, {::geteuid(), {}, {}});
      if (!server) {
        listening = server.error();
        return;
      }
      (*server)->serve(*api_);
      more_servers_.push_back(std::move(*server));
    });
    return listening;
  }

  ScratchDirectory scratch_;

 private:
  void take_growth(std::uint64_t entries) {
    if (server_) server_->take_growth(entries);
  }

  void await_running() {
    for (;;) {
      auto report = std::make_shared<std::promise<runtime::NodeReport>>();
      in_io_thread([&] {
        api_->report(
            [report](const runtime::Answer<runtime::NodeReport>& answer) {
              report->set_value(std::get<runtime::NodeReport>(answer));
            });
      });
      auto now = report->get_future().get();
      // The key of its tunnels comes last.
      constexpr std::uint64_t entries_of_a_start = 3;
      if (now.node.mode == actors::NodeMode::running &&
          now.ledger.head.size == entries_of_a_start)
        return;
    }
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{io_.get_executor()};
  std::vector<std::string> kept_user_data_;
  std::unique_ptr<runtime::RunningNode> node_;
  std::unique_ptr<runtime::Api> api_;
  std::unique_ptr<runtime::ApiServer> server_;
  std::vector<std::unique_ptr<runtime::ApiServer>> more_servers_;
  std::thread thread_;
};

}  // namespace ppn::tests
