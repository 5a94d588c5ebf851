#include "renditions/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"

namespace video::rows {
namespace {

std::optional<std::string_view> orNull(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// The next user in the index for whom something waits, due or not.
std::optional<UserId> nextUser(store::Reader& reader, RenditionForm form, UserId last) {
  auto query = reader.query(
      "SELECT min(user_id) FROM rendition_queue WHERE form = ? AND state = 'waiting' AND user_id > ?", form, last);
  if (!query.next() || query.isNull(0)) return std::nullopt;
  return UserId{query.integer(0)};
}

std::optional<QueuedRendition> firstOf(store::Reader& reader, RenditionForm form, Time now, UserId owner) {
  auto query = reader.query(
      "SELECT q.video_id, v.blob, v.content_type, v.size, nullif(v.duration_ms, 0), q.tries, q.forced FROM "
      "rendition_queue q CROSS JOIN video_info v ON v.id = q.video_id WHERE q.form = ? AND q.state = 'waiting' AND "
      "q.user_id = ? AND q.due <= ? AND v.state = 'ready' ORDER BY q.due, q.video_id LIMIT 1",
      form, owner, now);
  if (!query.next()) return std::nullopt;
  QueuedRendition next;
  next.id.text = query.text(0);
  next.blob = query.text(1);
  next.contentType = query.text(2);
  next.size = query.integer(3);
  next.durationMs = query.optionalInteger(4);
  next.tries = query.integer(5);
  next.forced = query.integer(6) != 0;
  next.owner = owner;
  return next;
}

Rendition queuedOf(store::Query& query) {
  Rendition one;
  one.id.text = query.text(0);
  one.form = valueOf<RenditionForm>(query.text(1)).value_or(RenditionForm::play);
  one.state = valueOf<RenditionState>(query.text(2)).value_or(RenditionState::waiting);
  one.tries = query.integer(3);
  one.error = query.optionalText(4);
  return one;
}

}  // namespace

std::optional<QueuedRendition> nextQueued(store::Reader& reader, RenditionForm form, Time now, UserId last) {
  for (auto user = nextUser(reader, form, last); user; user = nextUser(reader, form, *user))
    if (auto found = firstOf(reader, form, now, *user)) return found;
  for (auto user = nextUser(reader, form, UserId{-1}); user && user->value <= last.value;
       user = nextUser(reader, form, *user))
    if (auto found = firstOf(reader, form, now, *user)) return found;
  return std::nullopt;
}

std::optional<RenditionState> stateOfQueued(store::Reader& reader, const VideoId& id, RenditionForm form) {
  auto query = reader.query("SELECT state FROM rendition_queue WHERE video_id = ? AND form = ?", id, form);
  return query.next() ? valueOf<RenditionState>(query.text(0)) : std::nullopt;
}

Page<Rendition> listQueued(store::Reader& reader, std::optional<UserId> owner, RenditionState state,
                           const RenditionQuery& wanted) {
  const auto sql = [](std::string_view filter) {
    return fmt::format(
        "SELECT video_id, form, state, tries, last_error FROM rendition_queue WHERE {}state = ? AND "
        "(video_id, form) > (?, ?) AND video_id >= ? AND video_id < ? AND EXISTS (SELECT 1 FROM video_info v WHERE "
        "v.id = video_id AND v.state = 'ready') ORDER BY video_id, form LIMIT ?",
        filter);
  };
  static const std::string all = sql("");
  static const std::string ofOwner = sql("user_id = ? AND ");
  ListQuery times = wanted;
  times.cursor.reset();
  const IdPage range(times);
  const std::vector<std::string> after = wanted.cursor ? readCursor(*wanted.cursor, 2) : std::vector<std::string>(2);
  const std::int64_t limit = wanted.limit + 1;
  auto query = owner ? reader.query(ofOwner, *owner, state, after[0], after[1], range.first, range.end, limit)
                     : reader.query(all, state, after[0], after[1], range.first, range.end, limit);
  Page<Rendition> page;
  readPage(page, query, wanted.limit, queuedOf, [](const Rendition& last) {
    return makeCursor({last.id.text, nameOf(last.form)});
  });
  return page;
}

std::vector<Rendition> listQueued(store::Reader& reader, const VideoId& id) {
  auto query = reader.query(
      "SELECT video_id, form, state, tries, last_error FROM rendition_queue WHERE video_id = ? ORDER BY form DESC", id);
  std::vector<Rendition> queued;
  while (query.next()) queued.push_back(queuedOf(query));
  return queued;
}

bool hasTranscodes(store::Reader& reader) {
  return reader.query("SELECT 1 FROM rendition_queue WHERE form = 'play' AND state = 'transcode' LIMIT 1").next();
}

std::string thumbnailName(std::string_view sha256, std::string_view extension) {
  return fmt::format("thumbnail-{}.{}.{}", sha256.substr(0, 32), makeRandomHex(4), extension);
}

std::string_view versionOf(std::string_view thumbnail) {
  constexpr std::size_t digits = 16;
  return thumbnail.substr(thumbnail.find('-') + 1, digits);
}

std::optional<DerivedNames> findDerived(store::Reader& reader, const VideoId& id) {
  auto query = reader.query("SELECT thumbnail, thumbnail_size, play FROM video_info WHERE id = ?", id);
  if (!query.next()) return std::nullopt;
  return DerivedNames{query.optionalText(0).value_or(""), query.integer(1), query.optionalText(2).value_or("")};
}

bool hasContent(store::Reader& reader, const VideoId& id, std::string_view blob) {
  return reader.query("SELECT 1 FROM video_info WHERE id = ? AND blob = ? AND state = 'ready'", id, blob).next();
}

void queueRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form, bool forced, Time now) {
  transaction
      .query(
          "INSERT INTO rendition_queue (video_id, form, forced, due, user_id) SELECT id, ?2, ?3, ?4, author_id FROM "
          "video_info WHERE id = ?1 ON CONFLICT (video_id, form) DO UPDATE SET state = 'waiting', forced = CASE WHEN "
          "excluded.forced THEN excluded.forced ELSE forced END, due = excluded.due, tries = 0, last_error = NULL",
          id, form, forced, now)
      .run();
}

void unqueueRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form) {
  transaction.query("DELETE FROM rendition_queue WHERE video_id = ? AND form = ?", id, form).run();
}

void renewRenditions(store::Transaction& transaction, const VideoId& id, Time now) {
  setDerived(transaction, id, RenditionForm::play, {});
  unqueueRendition(transaction, id, RenditionForm::play);  // a new content is not forced
  queueRendition(transaction, id, RenditionForm::play, false, now);
  const auto names = findDerived(transaction, id);
  if (!names || names->thumbnailSize > 0) return;
  setDerived(transaction, id, RenditionForm::thumbnail, {});
  queueRendition(transaction, id, RenditionForm::thumbnail, false, now);
}

std::int64_t queueTranscodes(store::Transaction& transaction, Time now, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE rendition_queue SET state = 'waiting', due = ?, tries = 0 WHERE (video_id, form) IN (SELECT "
          "video_id, "
          "form FROM rendition_queue WHERE form = 'play' AND state = 'transcode' LIMIT ?)",
          now, limit)
      .run();
}

void countTries(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::int64_t tries) {
  transaction
      .query(
          "UPDATE rendition_queue SET tries = tries + ? WHERE video_id = ? AND form = ? AND state = 'waiting' AND "
          "tries + ?1 >= 0",
          tries, id, form)
      .run();
}

bool finishRendition(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::string_view blob) {
  return transaction
             .query(
                 "DELETE FROM rendition_queue WHERE video_id = ? AND form = ? AND EXISTS (SELECT 1 FROM video_info v "
                 "WHERE v.id = ?1 AND v.blob = ?)",
                 id, form, blob)
             .run() == 1;
}

bool recordRenditionFailure(store::Transaction& transaction, const VideoId& id, RenditionForm form,
                            std::string_view blob, RenditionState state, Time due, std::string_view error) {
  return transaction
             .query(
                 "UPDATE rendition_queue SET state = ?, due = ?, last_error = ? WHERE video_id = ? AND form = ? AND "
                 "EXISTS (SELECT 1 FROM video_info v WHERE v.id = ?4 AND v.blob = ?)",
                 state, due, orNull(error), id, form, blob)
             .run() == 1;
}

void setDerived(store::Transaction& transaction, const VideoId& id, RenditionForm form, std::string_view file) {
  if (form == RenditionForm::thumbnail)
    transaction.query("UPDATE video_info SET thumbnail = ?, thumbnail_size = 0 WHERE id = ?", orNull(file), id).run();
  else
    transaction.query("UPDATE video_info SET play = ? WHERE id = ?", orNull(file), id).run();
}

void setThumbnail(store::Transaction& transaction, const VideoId& id, std::string_view file, std::int64_t size) {
  transaction.query("UPDATE video_info SET thumbnail = ?, thumbnail_size = ? WHERE id = ?", file, size, id).run();
}

}  // namespace video::rows
