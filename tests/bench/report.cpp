#include "tests/bench/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace ppn::bench {

namespace {

using nlohmann::ordered_json;

constexpr double busy_share = 0.1;

std::string with_separators(std::string digits) {
  auto end = static_cast<std::ptrdiff_t>(digits.size());
  for (auto at = end - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string number(double value, int decimals) {
  auto text = fmt::format("{:.{}f}", value, decimals);
  return decimals == 0 ? with_separators(std::move(text)) : text;
}

std::string budget_of(const Judgement& judgement) {
  auto bound = judgement.at_least ? *judgement.at_least : *judgement.at_most;
  return fmt::format("{} {:.6g} {}", judgement.at_least ? ">=" : "<=", bound,
                     judgement.met() ? "ok" : "MISSED");
}

using Line = std::vector<std::string>;

std::vector<Quantity> columns_of(const Part& part) {
  std::vector<Quantity> columns;
  for (const auto& row : part.rows)
    for (const auto& figure : row.figures)
      if (std::find(columns.begin(), columns.end(), figure.quantity) ==
          columns.end())
        columns.push_back(figure.quantity);
  return columns;
}

std::string cell(const Row& row, const Quantity& column) {
  for (const auto& figure : row.figures)
    if (figure.quantity == column) return number(figure.value, column.decimals);
  return "-";
}

Line line_of(const Row& row, const std::vector<Quantity>& columns) {
  Line line{row.group, row.name};
  for (const auto& column : columns) line.push_back(cell(row, column));
  if (!row.not_measured.empty()) {
    line.push_back("NOT MEASURED: " + row.not_measured);
  } else if (row.judgement) {
    const auto& judgement = *row.judgement;
    line.push_back(fmt::format("{} = {:.4g}", judgement.what, judgement.value));
    if (judgement.has_budget()) line.push_back(budget_of(judgement));
  }
  return line;
}

std::vector<std::size_t> widths_of(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  }
  return widths;
}

/// Names and judgements stand to the left, numbers to the right.
std::string aligned(const std::vector<Line>& lines, std::size_t numbers) {
  std::string text;
  auto widths = widths_of(lines);
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      bool is_number = i >= 2 && i < 2 + numbers;
      row += is_number ? fmt::format("  {:>{}}", line[i], widths[i])
                       : fmt::format("  {:<{}}", line[i], widths[i]);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// Lines of at most 78 columns, indented.
std::string wrapped(const std::string& note) {
  constexpr std::size_t columns = 78;
  std::string text;
  std::string line;
  std::istringstream words{note};
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > columns) {
      text += line + '\n';
      line.clear();
    }
    line += fmt::format("{}{}", line.empty() ? "  " : " ", word);
  }
  return text + line + '\n';
}

std::string table_of(const Part& part) {
  auto columns = columns_of(part);
  Line head{"", ""};
  for (const auto& column : columns) head.emplace_back(column.title);
  std::vector<Line> lines{head};
  std::string group;
  for (const auto& row : part.rows) {
    lines.push_back(line_of(row, columns));
    if (row.group == group) lines.back()[0].clear();
    group = row.group;
  }
  auto text = fmt::format("\n{}: {}\n", part.name, part.title);
  text += aligned(lines, columns.size());
  for (const auto& note : part.notes) text += wrapped(note);
  return text;
}

ordered_json json_of(const Judgement& judgement) {
  ordered_json json{{"what", judgement.what}, {"value", judgement.value}};
  if (judgement.at_least) json["at_least"] = *judgement.at_least;
  if (judgement.at_most) json["at_most"] = *judgement.at_most;
  if (judgement.has_budget()) json["ok"] = judgement.met();
  return json;
}

ordered_json json_of(const Row& row) {
  ordered_json json{{"group", row.group}, {"name", row.name}};
  for (const auto& figure : row.figures)
    json["figures"][std::string{figure.quantity.key}] = figure.value;
  if (row.judgement) json["judgement"] = json_of(*row.judgement);
  if (!row.not_measured.empty()) json["not_measured"] = row.not_measured;
  return json;
}

ordered_json json_of(const Part& part) {
  ordered_json json{
      {"name", part.name}, {"title", part.title}, {"notes", part.notes}};
  json["rows"] = ordered_json::array();
  for (const auto& row : part.rows) json["rows"].push_back(json_of(row));
  return json;
}

ordered_json json_of(const Machine& machine) {
  ordered_json json{{"processor", machine.processor}, {"cores", machine.cores}};
  if (!machine.disk) return json;
  json["file_system"] = machine.disk->file_system;
  json["syncs_are_real"] = machine.disk->syncs_are_real;
  json["sync_us"] = machine.disk->sync_us;
  return json;
}

bool all_met(const Report& report) {
  for (const auto& part : report.parts)
    for (const auto& row : part.rows)
      if (row.judgement && !row.judgement->met()) return false;
  return true;
}

}  // namespace

bool Judgement::met() const {
  return (!at_least || value >= *at_least) && (!at_most || value <= *at_most);
}

std::string as_table(const Report& report) {
  const auto& machine = report.machine;
  auto text = fmt::format("{} cores, {}", machine.cores, machine.processor);
  if (machine.disk)
    text += fmt::format("; {}, 4 KiB written and synced in {:.0f} us (median)",
                        machine.disk->file_system, machine.disk->sync_us);
  text += '\n';
  if (machine.disk && !machine.disk->syncs_are_real)
    text +=
        "NOTHING HERE IS DURABLE: this file system is in memory; choose "
        "another with --directory\n";
  if (report.taken_by_others > busy_share)
    text += fmt::format(
        "THE MACHINE IS BUSY: others took {:.0f} % of its processor time; "
        "trust no figure much\n",
        report.taken_by_others * 100);
  if (report.quick) text += "--quick: too little work to judge anything by\n";
  for (const auto& part : report.parts) text += table_of(part);
  return text;
}

std::string as_json(const Report& report) {
  auto schema = fmt::format("ppn-bench.{}.v1", report.benchmark);
  ordered_json json{{"schema", schema},
                    {"quick", report.quick},
                    {"machine", json_of(report.machine)},
                    {"taken_by_others", report.taken_by_others},
                    {"budgets_met", all_met(report)}};
  json["parts"] = ordered_json::array();
  for (const auto& part : report.parts) json["parts"].push_back(json_of(part));
  return json.dump(2) + "\n";
}

}  // namespace ppn::bench
