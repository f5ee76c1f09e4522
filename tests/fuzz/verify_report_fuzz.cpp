// The report that `ppn-ledger verify` takes from the process that read the
// untrusted database: whatever that process says, the verdict is not VALID
// unless the report says so, and the program ends in order.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "schema/reflection_json.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/ppn-ledger/verify_child.hpp"

namespace {

ppn::ByteView report;

}  // namespace

// In place of those that start a process, so linked before them.
namespace ppn::tools {

void UnmapProgress::operator()(SharedProgress* progress) const {
  delete progress;
}

store::Result<AuditChild> start_audit(const VerifyOptions& /*options*/) {
  int ends[2] = {};
  fuzz::require(::pipe2(ends, O_CLOEXEC) == 0, "there are pipes");
  AuditChild child;
  // No child of this process: there is none to wait for.
  child.pid = ::getpid();
  child.progress.reset(new SharedProgress{});
  child.report = store::FileHandle{ends[0]};
  const store::FileHandle to_parent{ends[1]};
  fuzz::require(store::write_all(to_parent.get(), report, "a pipe").ok(),
                "a report fits into a pipe");
  return child;
}

}  // namespace ppn::tools

namespace ppn::fuzz {

void run(ByteView input) {
  constexpr std::size_t pipe_size = 65'536;
  static const bool silent = std::freopen("/dev/null", "w", stdout) != nullptr;
  require(silent, "what is printed can be dropped");
  if (input.size() > pipe_size) return;
  report = input;
  auto json = schema::Json::parse(store::as_text(input), nullptr, false);
  bool valid = json.is_object() && json.contains("verdict") &&
               json["verdict"] == "valid";
  for (bool as_json : {false, true}) {
    tools::VerifyOptions options;
    options.json = as_json;
    require(tools::verify(options) != tools::exit_ok || valid,
            "a ledger is valid only if the report says so");
  }
}

}  // namespace ppn::fuzz
