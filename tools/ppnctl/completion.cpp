#include "tools/ppnctl/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace ppn::ctl {

namespace {

/// One way to spell an option, and whether a value follows it.
struct Flag {
  std::string spelling;
  std::string description;
  bool has_value;
  bool has_path;
};

/// A command with what may follow it. The program itself has the empty path.
struct Place {
  std::string path;
  std::vector<const CLI::App*> commands;
  /// Its own, and those of the commands around it.
  std::vector<Flag> flags;
  /// A file may stand among its arguments.
  bool takes_file;
};

void add_flags(const CLI::App& command, std::vector<Flag>& flags) {
  for (const auto* option : command.get_options()) {
    bool has_value = option->get_items_expected_max() > 0;
    auto type = option->get_type_name();
    bool has_path = type == "PATH" || type == "FILE" || type == "DIR";
    for (const auto& name : option->get_snames())
      flags.push_back(
          {"-" + name, option->get_description(), has_value, has_path});
    for (const auto& name : option->get_lnames())
      flags.push_back(
          {"--" + name, option->get_description(), has_value, has_path});
  }
}

bool takes_file(const CLI::App& command) {
  auto options = command.get_options();
  return std::any_of(options.begin(), options.end(), [](const auto* option) {
    return option->get_positional() && option->get_name() == "FILE";
  });
}

void add_places(const CLI::App& command, const std::string& path,
                std::vector<Place>& places) {
  Place place{path, command.get_subcommands(nullptr), {}, takes_file(command)};
  add_flags(command, place.flags);
  const auto* around = command.get_parent();
  for (; around != nullptr; around = around->get_parent()) {
    std::vector<Flag> flags;
    add_flags(*around, flags);
    // Each command has a help of its own, and only the program a version.
    for (const auto& flag : flags)
      if (flag.spelling != "-h" && flag.spelling != "--help" &&
          flag.spelling != "--version")
        place.flags.push_back(flag);
  }
  places.push_back(place);
  for (const auto* below : place.commands)
    add_places(
        *below,
        path.empty() ? below->get_name() : path + ' ' + below->get_name(),
        places);
}

std::vector<Place> places_of(const CLI::App& program) {
  std::vector<Place> places;
  add_places(program, "", places);
  return places;
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::string names;
  for (const auto* command : commands)
    names += (names.empty() ? "" : " ") + command->get_name();
  return names;
}

template <class Wanted>
std::string spellings_of(const std::vector<Flag>& flags, Wanted wanted) {
  std::string spellings;
  for (const auto& flag : flags)
    if (wanted(flag))
      spellings += (spellings.empty() ? "" : " ") + flag.spelling;
  return spellings;
}

bool any(const Flag&) { return true; }
bool has_value(const Flag& flag) { return flag.has_value; }
bool has_path(const Flag& flag) { return flag.has_path; }

/// For a shell: empty is no.
const char* takes_file(const Place& place) {
  return place.takes_file ? "yes" : "''";
}

/// In single quotes, for all three shells.
std::string in_quotes(std::string_view text) {
  std::string safe = "'";
  for (char c : text) safe += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return safe + "'";
}

/// `word:description`, as zsh wants it.
std::string described(const std::string& word, std::string_view description) {
  return in_quotes(fmt::format("{}:{}", word, description));
}

constexpr const char* bash_begin = R"(# Made by: ppnctl completion bash

# PATH  Sets what may follow the command.
_ppnctl_at() {
  case $1 in
)";

constexpr const char* bash_end = R"(  esac
}

# Offers names of files that begin with $current.
_ppnctl_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

_ppnctl() {
  local at='' skip='' i word commands flags with_value with_path takes_file
  local current=${COMP_WORDS[COMP_CWORD]}
  _ppnctl_at ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $skip ]]; then
      # In --flag=VALUE, too, the value is a word of its own.
      [[ $word == = ]] || skip=
    elif [[ " $with_value " == *" $word "* ]]; then
      skip=$word
    elif [[ " $commands " == *" $word "* ]]; then
      at=${at:+$at }$word
      _ppnctl_at "$at"
    fi
  done
  [[ $current != = ]] || current=
  COMPREPLY=()
  if [[ $skip ]]; then
    if [[ " $with_path " == *" $skip "* ]]; then _ppnctl_files; fi
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
  elif [[ $takes_file ]]; then
    _ppnctl_files
  else
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  fi
}

complete -F _ppnctl ppnctl
)";

constexpr const char* zsh_begin = R"(#compdef ppnctl
# Made by: ppnctl completion zsh

# PATH  Sets what may follow the command.
_ppnctl_at() {
  case $1 in
)";

constexpr const char* zsh_end = R"(  esac
}

_ppnctl() {
  local at='' skip='' word with_value with_path takes_file
  local -a commands flags
  local -i i
  _ppnctl_at ''
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    if [[ -n $skip ]]; then
      skip=
    elif [[ " $with_value " == *" $word "* ]]; then
      skip=$word
    elif (( ${commands[(I)$word:*]} )); then
      at=${at:+$at }$word
      _ppnctl_at "$at"
    fi
  done
  if [[ -n $skip ]]; then
    if [[ " $with_path " == *" $skip "* ]]; then _files; fi
  elif [[ ${words[CURRENT]} == -* ]]; then
    _describe -o option flags
  elif [[ -n $takes_file ]]; then
    _files
  else
    _describe command commands
  fi
}

compdef _ppnctl ppnctl
)";

constexpr const char* fish_begin = R"(# Made by: ppnctl completion fish

# Whether the words so far lead to this command.
function __ppnctl_at
    set -l at
    set -l skip
    set -l words (commandline -opc)
    for word in $words[2..-1]
        set -l next (string trim -- "$at $word")
        if test -n "$skip"
            set skip
        else if contains -- $word $__ppnctl_with_value
            set skip $word
        else if contains -- $next $__ppnctl_paths
            set at $next
        end
    end
    test "$at" = "$argv[1]"
end

complete -c ppnctl -f
)";

std::string zsh_place(const Place& place) {
  std::string commands;
  for (const auto* command : place.commands)
    commands +=
        ' ' + described(command->get_name(), command->get_description());
  std::string flags;
  for (const auto& flag : place.flags)
    flags += ' ' + described(flag.spelling, flag.description);
  return fmt::format(
      "    {})\n      commands=({} )\n      flags=({} )\n"
      "      with_value={}\n      with_path={}\n      takes_file={}\n      "
      ";;\n",
      in_quotes(place.path), commands, flags,
      in_quotes(spellings_of(place.flags, has_value)),
      in_quotes(spellings_of(place.flags, has_path)), takes_file(place));
}

std::string fish_place(const Place& place) {
  auto line = fmt::format("complete -c ppnctl -n {}",
                          in_quotes("__ppnctl_at \"" + place.path + '"'));
  std::string text;
  for (const auto* command : place.commands)
    text += fmt::format("{} -a {} -d {}\n", line, command->get_name(),
                        in_quotes(command->get_description()));
  if (place.takes_file) text += line + " -F\n";
  for (const auto& flag : place.flags) {
    bool is_long = flag.spelling.starts_with("--");
    text +=
        fmt::format("{} -{} {}{} -d {}\n", line, is_long ? 'l' : 's',
                    flag.spelling.substr(is_long ? 2 : 1),
                    flag.has_path ? " -r -F" : (flag.has_value ? " -x" : ""),
                    in_quotes(flag.description));
  }
  return text;
}

}  // namespace

std::string bash_completion(const CLI::App& program) {
  std::string script = bash_begin;
  for (const auto& place : places_of(program))
    script += fmt::format(
        "    {})\n      commands={}\n      flags={}\n      with_value={}\n"
        "      with_path={}\n      takes_file={}\n      ;;\n",
        in_quotes(place.path), in_quotes(names_of(place.commands)),
        in_quotes(spellings_of(place.flags, any)),
        in_quotes(spellings_of(place.flags, has_value)),
        in_quotes(spellings_of(place.flags, has_path)), takes_file(place));
  return script + bash_end;
}

std::string zsh_completion(const CLI::App& program) {
  std::string script = zsh_begin;
  for (const auto& place : places_of(program)) script += zsh_place(place);
  return script + zsh_end;
}

std::string fish_completion(const CLI::App& program) {
  std::string paths = "set -g __ppnctl_paths";
  std::string with_value = "set -g __ppnctl_with_value";
  std::string lines;
  for (const auto& place : places_of(program)) {
    if (!place.path.empty()) paths += ' ' + in_quotes(place.path);
    for (const auto& flag : place.flags)
      if (flag.has_value) with_value += ' ' + flag.spelling;
    lines += fish_place(place);
  }
  return fmt::format("{}{}\n{}\n{}", fish_begin, paths, with_value, lines);
}

}  // namespace ppn::ctl
