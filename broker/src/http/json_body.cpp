// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/json_body.h"

#include <format>
#include <utility>
#include <vector>

namespace tobari::broker {
namespace {

// Before the parser sees it: nesting costs memory, and brackets in strings do not count.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (const char c : text) {
    if (in_string) {
      if (!escaped && c == '"') in_string = false;
      escaped = !escaped && c == '\\';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Notes when an object names a member twice: parsers differ in which one they believe.
class DuplicateWatch {
 public:
  bool operator()(int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) open_.emplace_back();
    if (event == Event::object_end && !open_.empty()) open_.pop_back();
    if (event == Event::key && !open_.empty()) {
      const auto* key = parsed.get_ptr<const std::string*>();
      if (key != nullptr && !open_.back().insert(*key).second) found_ = true;
    }
    return true;
  }
  [[nodiscard]] bool found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  bool found_ = false;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  if (text.size() > kMaxBodyBytes) return fail(Errc::kPeerProtocol, "the body is larger than 64 KiB");
  if (too_deep(text)) return fail(Errc::kPeerProtocol, "the body is nested too deeply");
  DuplicateWatch watch;
  auto parsed = nlohmann::json::parse(text, std::ref(watch), /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return fail(Errc::kPeerProtocol, "the body is not valid JSON");
  if (watch.found()) return fail(Errc::kPeerProtocol, "the body names a member twice");
  return parsed;
}

Result<JsonBody> JsonBody::parse(std::string_view text) {
  TOBARI_ASSIGN(nlohmann::json parsed, parse_json(text));
  if (!parsed.is_object()) return fail(Errc::kPeerProtocol, "the body must be a JSON object");
  return JsonBody(std::move(parsed));
}

const nlohmann::json* JsonBody::find(const char* member) {
  asked_.insert(member);
  const auto at = object_.find(member);
  return at == object_.end() ? nullptr : &*at;
}

Result<std::string> JsonBody::text_of(const nlohmann::json& value, const char* member, std::size_t max_bytes) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) return fail(Errc::kInvalidArgument, std::format("{} must be a text", member));
  if (text->size() > max_bytes) {
    return fail(Errc::kInvalidArgument, std::format("{} must be at most {} bytes long", member, max_bytes));
  }
  if (text->find('\0') != std::string::npos) {
    return fail(Errc::kInvalidArgument, std::format("{} must not hold a NUL character", member));
  }
  return *text;
}

Result<std::optional<std::string>> JsonBody::optional_text(const char* member, std::size_t max_bytes) {
  const nlohmann::json* value = find(member);
  if (value == nullptr) return std::optional<std::string>();
  TOBARI_ASSIGN(std::string text, text_of(*value, member, max_bytes));
  return std::optional<std::string>(std::move(text));
}

Result<std::vector<std::string>> JsonBody::texts(const char* member, std::size_t least, std::size_t most,
                                                 std::size_t max_bytes) {
  const nlohmann::json* list = find(member);
  if (list == nullptr || !list->is_array() || list->size() < least || list->size() > most) {
    return fail(Errc::kInvalidArgument, std::format("{} must be a list of {} to {} texts", member, least, most));
  }
  std::vector<std::string> found;
  for (const nlohmann::json& each : *list) {
    TOBARI_ASSIGN(std::string text, text_of(each, member, max_bytes));
    found.push_back(std::move(text));
  }
  return found;
}

Result<std::string> JsonBody::text(const char* member, std::size_t max_bytes) {
  TOBARI_ASSIGN(auto value, optional_text(member, max_bytes));
  if (!value.has_value()) return fail(Errc::kInvalidArgument, std::format("{} is missing", member));
  return std::move(*value);
}

Result<std::optional<std::vector<std::string>>> JsonBody::optional_texts(const char* member, std::size_t most,
                                                                         std::size_t max_bytes) {
  if (find(member) == nullptr) return std::optional<std::vector<std::string>>();
  TOBARI_ASSIGN(auto found, texts(member, 0, most, max_bytes));
  return std::optional(std::move(found));
}

Result<std::optional<std::uint32_t>> JsonBody::optional_number(const char* member, std::uint32_t least,
                                                               std::uint32_t most) {
  const nlohmann::json* value = find(member);
  if (value == nullptr) return std::optional<std::uint32_t>();
  const auto* number = value->get_ptr<const nlohmann::json::number_unsigned_t*>();
  if (number == nullptr || *number < least || *number > most) {
    return fail(Errc::kInvalidArgument, std::format("{} must be a whole number from {} to {}", member, least, most));
  }
  return std::optional(static_cast<std::uint32_t>(*number));
}

Result<std::uint32_t> JsonBody::number(const char* member, std::uint32_t least, std::uint32_t most,
                                       std::uint32_t otherwise) {
  TOBARI_ASSIGN(const auto given, optional_number(member, least, most));
  return given.value_or(otherwise);
}

Result<std::optional<bool>> JsonBody::optional_flag(const char* member) {
  const nlohmann::json* value = find(member);
  if (value == nullptr) return std::optional<bool>();
  const auto* flag = value->get_ptr<const nlohmann::json::boolean_t*>();
  if (flag == nullptr) return fail(Errc::kInvalidArgument, std::format("{} must be true or false", member));
  return std::optional(*flag);
}

Result<std::optional<std::string>> JsonBody::optional_object(const char* member, std::size_t max_bytes) {
  const nlohmann::json* value = find(member);
  if (value == nullptr) return std::optional<std::string>();
  if (value->is_null()) return std::optional<std::string>("");
  if (!value->is_object()) return fail(Errc::kInvalidArgument, std::format("{} must be an object or null", member));
  std::string text = value->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > max_bytes) {
    return fail(Errc::kInvalidArgument, std::format("{} is larger than {} bytes", member, max_bytes));
  }
  return std::optional(std::move(text));
}

Result<void> JsonBody::finish() const {
  for (const auto& [member, value] : object_.items()) {
    if (!asked_.contains(member)) {
      return fail(Errc::kInvalidArgument, std::format("unknown member {}", member.substr(0, 64)));
    }
  }
  return {};
}

}  // namespace tobari::broker
