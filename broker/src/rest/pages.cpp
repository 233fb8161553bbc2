// SPDX-License-Identifier: GPL-3.0-or-later
// What a browser or a monitor sees, and the list of all routes.
#include <utility>

#include "rest/api.h"

namespace tobari::broker {
namespace {

constexpr const char* kFrontPage = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tobari</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em;color:#222}
code{background:#eee;padding:.1em .3em}</style></head>
<body><h1>Tobari</h1>
<p>This is the sign-in server of your virtual desktop. Open it with the Tobari client: enter the address of this page
there, your user name and your password.</p>
<p>On a command line: <code>tobari login</code>, then <code>tobari connect</code>.</p>
<p>Programs find the interface at <code>/api/v1</code>.</p></body></html>
)";

// Healthy means: can store. A broker that cannot must not be sent work.
Answer health(Api& api) {
  TOBARI_TRY(api.store.read([](const Reader& reader) -> Result<void> {
    TOBARI_ASSIGN(const auto newest, reader.audit_after(0, 1));
    static_cast<void>(newest);
    return {};
  }));
  return json_response(200, {{"status", "ok"}});
}

}  // namespace

std::vector<Route> page_routes(Api& api) {
  return {
      {"GET", "/", Access::kPublic, at_once([](const Call&) -> Answer {
         return Response{.status = 200, .content_type = "text/html; charset=utf-8", .body = kFrontPage, .headers = {}};
       })},
      {"GET", "/healthz", Access::kPublic, at_once([&api](const Call&) { return health(api); })},
  };
}

std::vector<Route> all_routes(Api& api) {
  std::vector<Route> all;
  for (const auto& group :
       {page_routes(api), account_routes(api), user_routes(api), desktop_routes(api), connect_routes(api),
        pool_routes(api), pool_connect_routes(api), placement_routes(api), log_off_routes(api),
        session_life_routes(api), thumbnail_routes(api), session_routes(api), node_routes(api), load_routes(api),
        audit_routes(api), policy_routes(api), image_routes(api)}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace tobari::broker
