// ppnctl vm adopt: guests that a node had before it took up a new identity.
#include <fmt/format.h>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/screen.hpp"
#include "tools/ppnctl/text.hpp"
#include "tools/ppnctl/vm_change.hpp"

namespace ppn::ctl {

namespace {

struct FormerGuest {
  std::string name;
  std::uint64_t vcpus = 0;
  std::uint64_t memory_mb = 0;
  bool lives = false;
  bool is_adopted = false;
};

Result<std::vector<FormerGuest>> read_former(const schema::Json& document) {
  Fields fields{document, "ppn.former-guests.v1"};
  std::vector<FormerGuest> guests;
  for (const auto& json : fields.array("guests"))
    guests.push_back({fields.text(json, "name"), fields.number(json, "vcpus"),
                      fields.number(json, "memory_mb"),
                      fields.flag(json, "lives"),
                      fields.flag(json, "adopted")});
  return fields.unless_faulty(std::move(guests));
}

std::string former_text(const std::vector<FormerGuest>& guests) {
  if (guests.empty())
    return "this node had no guests before, as far as its old ledger tells\n";
  std::vector<std::vector<std::string>> rows{
      {"guest", "vcpus", "memory", "process", "adopted"}};
  for (const auto& guest : guests)
    rows.push_back({guest.name, std::to_string(guest.vcpus),
                    fmt::format("{} MB", guest.memory_mb),
                    guest.lives ? "runs" : "none",
                    guest.is_adopted ? "yes" : "no"});
  return columns(rows);
}

}  // namespace

int vm_adopt(const Global& global, const VmAdoptOptions& options) {
  if (options.name)
    return propose(global, options.consent,
                   {{"kind", "vm-adopt"}, {"vm", *options.name}});
  return show(global, [&]() -> Result<Frame> {
    auto document = Client{global.socket}.get("/v1/former-guests");
    if (!document) return document.error();
    auto guests = read_former(*document);
    if (!guests) return guests.error();
    return Frame{global.json ? json_line(*document) + '\n'
                             : former_text(*guests)};
  });
}

}  // namespace ppn::ctl
