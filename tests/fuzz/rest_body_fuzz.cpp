// SPDX-License-Identifier: GPL-3.0-or-later
// The bodies of every route. First byte: which route; the rest: the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/names.h"
#include "core/pool_plan.h"
#include "http/json_body.h"
#include "rest/bodies.h"
#include "rest/pool_bodies.h"

namespace {

using namespace tobari::broker;

// What was let through keeps its promises.
void require(bool promise) {
  if (!promise) std::abort();
}

void parse_as(unsigned route, std::string_view body) {
  switch ((route - '0') % 12) {
    case 0:
      if (const auto parsed = parse_login(body)) require(parsed->user.size() <= 64 && parsed->password.size() <= 256);
      break;
    case 1:
      if (const auto parsed = parse_new_user(body)) require(is_user_name(parsed->name));
      break;
    case 2:
      if (const auto parsed = parse_password(body)) require(parsed->size() >= 8 && parsed->size() <= 256);
      break;
    case 3:
      if (const auto parsed = parse_new_desktop(body)) {
        require(is_user_name(parsed->user) && is_image_reference(parsed->image));
        require(parsed->vcpus >= 1 && parsed->vcpus <= 64 && parsed->memory_mib >= 256);
        require(parsed->name.empty() || is_host_label(parsed->name));
      }
      break;
    case 4:
      if (const auto parsed = parse_connect(body)) require(parsed->client_name.size() <= 512);
      break;
    case 5:
      if (const auto parsed = parse_join_token(body)) require(is_node_name(parsed->name));
      break;
    case 6:
      static_cast<void>(parse_after(body));
      break;
    case 7:
      if (const auto parsed = parse_wall(body)) require(parsed->desktops.size() >= 2 && parsed->desktops.size() <= 16);
      break;
    case 8:
      if (const auto parsed = parse_new_pool(body)) {
        require(is_host_label(parsed->name) && parsed->min <= parsed->max && parsed->spares <= parsed->max);
        require(parsed->max >= 1 && parsed->labels.size() <= kMaxPoolLabels && parsed->keep <= kMaxKeep);
        require(parsed->image.empty() == (parsed->kind == PoolKind::kManual));
      }
      break;
    case 9:
      if (const auto parsed = parse_pool_change(body)) require(is_host_label(parsed->name.value_or("a")));
      break;
    case 10:
      if (const auto parsed = parse_desktops_query(body)) require(parsed->client.size() <= 64);
      if (const auto parsed = parse_placement_query(body)) require(is_host_label(parsed->pool));
      break;
    default:
      if (const auto parsed = parse_put_in_pool(body)) require(parsed->empty() || is_user_name(*parsed));
      if (const auto parsed = parse_mode_of_host(body)) require(parsed->move || parsed->text.empty());
      if (const auto parsed = parse_end(body)) require(parsed->text.size() <= 256 && parsed->notice.count() >= 0);
      // What was understood is written so that it is understood again.
      if (const auto parsed = parse_pool_plan(body)) {
        const std::string text = to_text(*parsed);
        const auto again = parse_pool_plan(text);
        require(again.has_value() && to_text(*again) == text);
      }
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  parse_as(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
