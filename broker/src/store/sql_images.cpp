// SPDX-License-Identifier: GPL-3.0-or-later
#include <format>

#include "core/image_text.h"
#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

// As the columns go and come.
struct VersionRow {
  VersionRow() = default;
  explicit VersionRow(const ImageVersion& version)
      : state(to_string(version.state == ImageState::kPublished ? ImageState::kReady : version.state)),
        order(to_text(version.order)),
        facts(to_text(version.facts)),
        host(version.host.str()),
        number(version.version),
        made_at(to_milliseconds(version.made_at)),
        published_at(to_milliseconds(version.published_at)),
        verify(version.verify),
        rest(version) {}

  [[nodiscard]] Result<ImageVersion> parsed() const {
    ImageVersion version = rest;
    TOBARI_ASSIGN(version.state, parse_image_state(state));
    if (version.state == ImageState::kReady && published == number) version.state = ImageState::kPublished;
    TOBARI_ASSIGN(version.order, parse_image_order(order));
    TOBARI_ASSIGN(version.facts, parse_image_facts(facts));
    TOBARI_ASSIGN(version.host, HostId::parse(host));
    version.version = static_cast<std::uint32_t>(number);
    version.made_at = from_milliseconds(made_at);
    version.published_at = from_milliseconds(published_at);
    version.verify = static_cast<std::uint32_t>(verify);
    return version;
  }

  std::string state, order, facts, host;
  long long number = 0, made_at = 0, published_at = 0, verify = 0, published = 0;
  ImageVersion rest;
};

}  // namespace

// ---- images

Result<std::vector<Image>> SqlTables::select_images(std::string_view where, const std::string* value) const {
  return sql_guard(sql_, "read images", [this, where, value]() -> Result<std::vector<Image>> {
    Image row;
    long long published = 0;
    long long newest = 0;
    Query query(sql_,
                std::string("SELECT name, notes, published, newest FROM images ").append(where) + " ORDER BY name");
    query.into(row.name).into(row.notes).into(published).into(newest);
    if (value != nullptr) query.use(*value);
    std::vector<Image> found;
    while (query.next()) {
      row.published = static_cast<std::uint32_t>(published);
      row.newest = static_cast<std::uint32_t>(newest);
      found.push_back(row);
    }
    return found;
  });
}

Result<Image> SqlTables::image(std::string_view name) const {
  const std::string value(name);
  return only(select_images("WHERE name = :v", &value), "image");
}

Result<std::vector<Image>> SqlTables::images() const { return select_images("", nullptr); }

Result<void> SqlTables::add_image(const Image& image) {
  return sql_guard(sql_, "add an image", [this, &image]() -> Result<void> {
    const long long published = image.published;
    const long long newest = image.newest;
    Query query(sql_, "INSERT INTO images (name, notes, published, newest) VALUES (:a, :b, :c, :d)");
    query.use(image.name).use(image.notes).use(published).use(newest).run();
    return {};
  });
}

Result<void> SqlTables::change_image(const Image& image) {
  return sql_guard(sql_, "change an image", [this, &image]() -> Result<void> {
    const long long published = image.published;
    const long long newest = image.newest;
    Query query(sql_, "UPDATE images SET notes = :a, published = :b, newest = :c WHERE name = :d");
    return expect_change(query.use(image.notes).use(published).use(newest).use(image.name).run(), "image");
  });
}

// ---- versions

Result<std::vector<ImageVersion>> SqlTables::select_versions(std::string_view where, const std::string* value,
                                                             const long long* number) const {
  return sql_guard(
      sql_, "read versions of images", [this, where, value, number]() -> Result<std::vector<ImageVersion>> {
        VersionRow row;
        Query query(sql_,
                    std::string("SELECT v.image, v.version, v.state, v.digest, v.signature, v.signed_by, v.source, "
                                "v.facts, v.notes, v.host_id, v.host_name, v.made_by, v.made_at, v.published_at, "
                                "v.detail, v.verify, i.published FROM image_versions v JOIN images i "
                                "ON i.name = v.image ")
                        .append(where)
                        .append(" ORDER BY v.image, v.version DESC"));
        query.into(row.rest.image).into(row.number).into(row.state).into(row.rest.digest).into(row.rest.signature);
        query.into(row.rest.signed_by).into(row.order).into(row.facts).into(row.rest.notes).into(row.host);
        query.into(row.rest.host_name).into(row.rest.made_by).into(row.made_at).into(row.published_at);
        query.into(row.rest.detail).into(row.verify).into(row.published);
        if (value != nullptr) query.use(*value);
        if (number != nullptr) query.use(*number);
        std::vector<ImageVersion> found;
        while (query.next()) {
          TOBARI_ASSIGN(ImageVersion version, row.parsed());
          found.push_back(std::move(version));
        }
        return found;
      });
}

Result<ImageVersion> SqlTables::image_version(std::string_view name, std::uint32_t version) const {
  const std::string value(name);
  const long long number = version;
  return only(select_versions("WHERE v.image = :v AND v.version = :w", &value, &number), "version of an image");
}

Result<std::vector<ImageVersion>> SqlTables::image_versions(std::string_view name) const {
  if (name.empty()) return select_versions("", nullptr);
  const std::string value(name);
  return select_versions("WHERE v.image = :v", &value);
}

Result<void> SqlTables::add_image_version(const ImageVersion& version) {
  return sql_guard(sql_, "add a version of an image", [this, &version]() -> Result<void> {
    const VersionRow row(version);
    Query query(
        sql_,
        "INSERT INTO image_versions (image, version, state, digest, signature, signed_by, source, facts, notes, "
        "host_id, host_name, made_by, made_at, published_at, detail, verify) "
        "VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p)");
    query.use(version.image).use(row.number).use(row.state).use(version.digest).use(version.signature);
    query.use(version.signed_by).use(row.order).use(row.facts).use(version.notes).use(row.host);
    query.use(version.host_name).use(version.made_by).use(row.made_at).use(row.published_at).use(version.detail);
    query.use(row.verify).run();
    return {};
  });
}

Result<void> SqlTables::change_image_version(const ImageVersion& version) {
  return sql_guard(sql_, "change a version of an image", [this, &version]() -> Result<void> {
    const VersionRow row(version);
    Query query(sql_,
                "UPDATE image_versions SET state = :a, digest = :b, signature = :c, signed_by = :d, facts = :e, "
                "notes = :f, published_at = :g, detail = :h, verify = :i WHERE image = :j AND version = :k");
    query.use(row.state).use(version.digest).use(version.signature).use(version.signed_by).use(row.facts);
    query.use(version.notes).use(row.published_at).use(version.detail).use(row.verify).use(version.image);
    return expect_change(query.use(row.number).run(), "version of an image");
  });
}

// ---- what is made from them

Result<std::uint64_t> SqlTables::desktops_from_image(std::string_view image) const {
  return sql_guard(sql_, "count an image's desktops", [this, image]() -> Result<std::uint64_t> {
    const std::string value(image);
    long long count = 0;
    Query query(sql_, "SELECT COUNT(*) FROM desktops WHERE image = :a AND power <> 'deleted'");
    query.into(count).use(value);
    static_cast<void>(query.next());
    return static_cast<std::uint64_t>(count);
  });
}

Result<std::vector<Desktop>> SqlTables::desktops_to_renew(const PoolId& pool, std::string_view image,
                                                          std::size_t limit) const {
  const std::string value(image);
  return select_desktops(
      "WHERE d.pool_id = :v AND d.image <> :w AND d.power = 'off' AND d.rest = 'stopped' AND d.user_id IS NOT NULL",
      &pool.str(), &value, std::format(" LIMIT {}", limit));
}

Result<void> SqlTables::renew_desktop(const DesktopId& id, std::uint64_t epoch, std::string_view image) {
  return sql_guard(sql_, "make a desktop anew", [this, &id, epoch, image]() -> Result<void> {
    const auto expected = static_cast<long long>(epoch);
    const std::string value(image);
    Query query(sql_,
                "UPDATE desktops SET image = :a, power = 'off', disk = disk + 1, epoch = epoch + 1 "
                "WHERE id = :b AND epoch = :c AND power <> 'deleted'");
    TOBARI_TRY(expect_change(query.use(value).use(id.str()).use(expected).run(), "desktop of this epoch"));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::touch_hosts() {
  return sql_guard(sql_, "tell all hosts", [this]() -> Result<void> {
    Query(sql_, "UPDATE hosts SET revision = revision + 1").run();
    return {};
  });
}

}  // namespace tobari::broker
