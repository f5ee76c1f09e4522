#include "tools/ppnctl/documents.hpp"

#include <fmt/format.h>

#include "schema/entry_text.hpp"
#include "schema/time_text.hpp"
#include "tools/ppnctl/answer.hpp"
#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

/// All of a page or nothing.
template <class T, class Read>
Result<std::vector<T>> read_each(const Json& documents, Read read) {
  std::vector<T> all;
  for (const auto& document : documents) {
    auto one = read(document);
    if (!one) return one.error();
    all.push_back(std::move(*one));
  }
  return all;
}

/// Numbers that are not there are 0.
std::string end_in_words(const Json& expiry, Fields& fields) {
  std::string words;
  if (expiry.contains("utc_ns") && expiry.at("utc_ns") != 0)
    words = schema::format_time(
        static_cast<std::int64_t>(fields.number(expiry, "utc_ns")));
  if (expiry.contains("boot") && expiry.at("boot") != 0)
    words += fmt::format("{}boot {}", words.empty() ? "" : ", ",
                         fields.number(expiry, "boot"));
  return words;
}

std::optional<Status::MeshInBrief> read_mesh_in_brief(const Json& json,
                                                      Fields& fields) {
  if (json.is_null()) return std::nullopt;
  return Status::MeshInBrief{
      .name = fields.text(json, "name"),
      .members = fields.number(json, "members"),
      .interface = fields.text(json, "interface"),
      .implementation = fields.text(json, "implementation"),
      .tunnels = fields.number(json, "tunnels"),
      .tunnels_up = fields.number(json, "tunnels_up"),
      .epoch = fields.number(json, "epoch")};
}

}  // namespace

Result<Status> read_status(const Json& document) {
  Fields fields{document, "ppn.status.v1"};
  Status status{
      .version = fields.text("version"),
      .node_id = fields.text(fields.object("node"), "id"),
      .node_name = fields.text(fields.object("node"), "name"),
      .boot = fields.number("boot"),
      .mode = fields.text("mode"),
      .uptime_seconds = fields.number("uptime_seconds"),
      .mesh = read_mesh_in_brief(fields.object_or_null("mesh"), fields),
      .ledger_size = fields.number(fields.object("ledger"), "size"),
      .ledger_root = fields.text(fields.object("ledger"), "root"),
      .state_dir = fields.text("state_dir"),
      .actors = {},
      .proposals = fields.number("proposals"),
      .warnings = {}};
  for (const auto& [name, actor] : fields.object("actors").items())
    status.actors.push_back({name, fields.number(actor, "respawns")});
  for (const auto& warning : fields.array("warnings"))
    status.warnings.push_back(
        {fields.text(warning, "name"), fields.text(warning, "detail")});
  return fields.unless_faulty(std::move(status));
}

Result<LedgerHead> read_ledger_head(const Json& document) {
  Fields fields{document, "ppn.ledger.v1"};
  return fields.unless_faulty(
      LedgerHead{.size = fields.number("size"),
                 .root = fields.text("root"),
                 .checkpoint = fields.text("checkpoint")});
}

Result<Entry> read_entry(const Json& document) {
  Fields fields{document, "ppn.entry.v1"};
  auto time = schema::parse_time(fields.text("time"));
  if (!time) fields.complain("time", "a time");
  Entry entry{.sequence = fields.number("sequence"),
              .utc_ns = time.value_or(0),
              .line = {},
              .document = document};
  fields.number("stream_version");
  fields.object("payload");
  if (fields.fault().empty()) {
    try {
      entry.line = printable(schema::entry_line(document));
    } catch (const Json::exception& error) {
      return not_understood(fmt::format("an entry of it: {}", error.what()));
    }
  }
  return fields.unless_faulty(std::move(entry));
}

Result<EntryPage> read_entry_page(const Json& document) {
  Fields fields{document, "ppn.entries.v1"};
  auto entries = read_each<Entry>(fields.array("entries"), read_entry);
  if (!entries) return entries.error();
  return fields.unless_faulty(
      EntryPage{.entries = *entries, .next = fields.number("next")});
}

Result<Proposal> read_proposal(const Json& document) {
  Fields fields{document, "ppn.proposal.v1"};
  Proposal proposal{.id = fields.text("id"),
                    .kind = fields.text(fields.object("change"), "kind"),
                    .change = schema::summary(fields.object("change")),
                    .plan = fields.texts("plan")};
  if (!Id::parse_hex(proposal.id)) fields.complain("id", "an id");
  // Nobody can agree to a plan that says nothing.
  if (proposal.plan.empty()) fields.complain("plan", "a plan");
  return fields.unless_faulty(std::move(proposal));
}

Result<std::vector<Proposal>> read_proposals(const Json& document) {
  Fields fields{document, "ppn.proposals.v1"};
  auto proposals =
      read_each<Proposal>(fields.array("proposals"), read_proposal);
  if (!proposals) return proposals.error();
  return fields.unless_faulty(std::move(*proposals));
}

Result<std::vector<Grant>> read_grants(const Json& document) {
  Fields fields{document, "ppn-ledger.state.v1"};
  const auto& capabilities =
      fields.object(fields.object("state"), "capabilities");
  std::vector<Grant> grants;
  for (const auto& [id, json] : fields.object(capabilities, "live").items()) {
    Grant grant{.id = id,
                .subject = fields.text(json, "subject"),
                .resource = fields.text(json, "resource"),
                .rights = fields.texts(json, "rights"),
                .end = "until revoked",
                .parent = {}};
    if (json.is_object() && json.contains("parent"))
      grant.parent = fields.text(json, "parent");
    if (json.is_object() && json.contains("expiry"))
      grant.end = end_in_words(fields.object(json, "expiry"), fields);
    grants.push_back(std::move(grant));
  }
  return fields.unless_faulty(std::move(grants));
}

Result<std::uint64_t> read_committed(const Json& document) {
  Fields fields{document, "ppn.commit.v1"};
  return fields.unless_faulty(fields.number("sequence"));
}

Result<std::string> read_rejected(const Json& document) {
  Fields fields{document, "ppn.reject.v1"};
  return fields.unless_faulty(fields.text("proposal"));
}

}  // namespace ppn::ctl
