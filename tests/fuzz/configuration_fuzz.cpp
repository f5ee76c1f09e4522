// The configuration: what is taken is what the rest of the program may rely on,
// and what is not is answered with its place.
#include "runtime/configuration.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

void check(const runtime::Configuration& configuration) {
  require(configuration.name.empty() ||
              runtime::check_node_name(configuration.name).ok(),
          "a name that is taken is a node's name");
  for (const auto& path : {configuration.state_dir, configuration.socket})
    require(path.starts_with('/') && path.find('\0') == std::string::npos,
            "a path that is taken is absolute and whole");
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  auto read = runtime::parse_configuration(text, "ppnd.toml");
  if (read)
    check(*read);
  else
    require(read.error().code == store::ErrorCode::bad_input &&
                read.error().message.starts_with("ppnd.toml:"),
            "a refusal names its place");
  auto name = runtime::node_name_of_host(text);
  require(name.find('.') == std::string::npos, "a node's name has no dot");
}

}  // namespace ppn::fuzz
