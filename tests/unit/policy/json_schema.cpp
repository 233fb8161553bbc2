// SPDX-License-Identifier: GPL-3.0-or-later
#include "json_schema.h"

#include <algorithm>
#include <regex>
#include <set>

namespace tobari::policy {
namespace {

using Json = nlohmann::json;
using Kind = YamlNode::Kind;

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  std::string check(const Json& schema, const YamlNode& value) {
    if (schema.contains("$ref")) {
      const std::string ref = schema["$ref"];
      const Json& target = root_.at(Json::json_pointer(ref.substr(1)));
      if (auto wrong = check(target, value); !wrong.empty()) return wrong;
    }
    for (const auto& [keyword, argument] : schema.items()) {
      if (auto wrong = check_keyword(keyword, argument, schema, value); !wrong.empty()) {
        return "line " + std::to_string(value.line) + ": " + wrong;
      }
    }
    return {};
  }

 private:
  static bool looks_like(const std::string& text, const char* pattern) {
    return std::regex_match(text, std::regex(pattern));
  }
  static bool allows(const Json& schema, const char* type) {
    const Json types = schema.value("type", Json());
    return types == type || (types.is_array() && std::find(types.begin(), types.end(), Json(type)) != types.end());
  }
  static bool is_number(const Json& schema, const YamlNode& value) {
    if (value.kind != Kind::kScalar) return false;
    return (allows(schema, "integer") && looks_like(value.scalar, "-?[0-9]+")) ||
           (allows(schema, "number") && looks_like(value.scalar, "-?[0-9]+(\\.[0-9]+)?"));
  }

  std::string check_type(const Json& schema, const YamlNode& value) {
    const bool good = (value.kind == Kind::kMap && allows(schema, "object")) ||
                      (value.kind == Kind::kList && allows(schema, "array")) ||
                      (value.kind == Kind::kScalar && allows(schema, "string")) || is_number(schema, value);
    return good ? "" : "is not of type " + schema["type"].dump();
  }

  std::string check_keyword(const std::string& keyword, const Json& argument, const Json& schema,
                            const YamlNode& value) {
    const bool text = value.kind == Kind::kScalar && !is_number(schema, value);
    const auto failed = [&](bool good) {
      return good ? std::string() : keyword + " " + argument.dump() + " does not hold for '" + value.scalar + "'";
    };
    if (keyword == "type") return check_type(schema, value);
    if (keyword == "enum") {
      return failed(std::any_of(argument.begin(), argument.end(), [&](const Json& one) {
        return value.kind == Kind::kScalar && (one.is_string() ? one == value.scalar : one.dump() == value.scalar);
      }));
    }
    if (keyword == "pattern")
      return failed(!text || std::regex_search(value.scalar, std::regex(argument.get<std::string>())));
    if (keyword == "minLength") return failed(!text || value.scalar.size() >= argument.get<std::size_t>());
    if (keyword == "maxLength") return failed(!text || value.scalar.size() <= argument.get<std::size_t>());
    if (keyword == "minimum")
      return failed(!is_number(schema, value) || std::stod(value.scalar) >= argument.get<double>());
    if (keyword == "maximum")
      return failed(!is_number(schema, value) || std::stod(value.scalar) <= argument.get<double>());
    if (keyword == "oneOf") {
      const auto matching =
          std::count_if(argument.begin(), argument.end(), [&](const Json& one) { return check(one, value).empty(); });
      return failed(matching == 1);
    }
    if (value.kind == Kind::kList) return check_list(keyword, argument, value);
    if (value.kind == Kind::kMap) return check_map(keyword, argument, schema, value);
    return known(keyword);
  }

  std::string check_list(const std::string& keyword, const Json& argument, const YamlNode& value) {
    if (keyword == "minItems" && value.items.size() < argument.get<std::size_t>()) return "has too few items";
    if (keyword == "maxItems" && value.items.size() > argument.get<std::size_t>()) return "has too many items";
    if (keyword == "items") {
      for (const YamlNode& item : value.items) {
        if (auto wrong = check(argument, item); !wrong.empty()) return wrong;
      }
    }
    return known(keyword);
  }

  std::string check_map(const std::string& keyword, const Json& argument, const Json& schema, const YamlNode& value) {
    const std::size_t size = value.items.size() / 2;
    if (keyword == "minProperties" && size < argument.get<std::size_t>()) return "is empty";
    if (keyword == "maxProperties" && size > argument.get<std::size_t>()) return "has too many keys";
    if (keyword == "required") {
      for (const Json& key : argument) {
        if (value.find(key.get<std::string>()) == nullptr) return "lacks " + key.dump();
      }
    }
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const std::string& key = value.items[i].scalar;
      const bool named = schema.contains("properties") && schema["properties"].contains(key);
      std::string wrong;
      if (keyword == "properties" && named) wrong = check(argument[key], value.items[i + 1]);
      if (keyword == "propertyNames") wrong = check(argument, value.items[i]);
      if (keyword == "additionalProperties" && !named) {
        wrong = argument == Json(false) ? "key '" + key + "' is not known" : check(argument, value.items[i + 1]);
      }
      if (!wrong.empty()) return wrong;
    }
    return known(keyword);
  }

  static std::string known(const std::string& keyword) {
    static const std::set<std::string> kKnown{
        "$ref",          "$schema",      "$defs",      "title",    "description",          "items",
        "minItems",      "maxItems",     "properties", "required", "additionalProperties", "propertyNames",
        "minProperties", "maxProperties"};
    return kKnown.contains(keyword) ? "" : "keyword " + keyword + " is not known to this checker";
  }

  const Json& root_;
};

}  // namespace

std::string schema_error(const nlohmann::json& schema, const YamlNode& value) {
  return Validator(schema).check(schema, value);
}

}  // namespace tobari::policy
