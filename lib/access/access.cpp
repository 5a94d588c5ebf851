#include "access/access.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <future>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "access/cache.hpp"
#include "access/deferred_writes.hpp"
#include "access/links.hpp"
#include "access/passwords.hpp"
#include "access/rate.hpp"
#include "access/rows.hpp"
#include "access/throttle.hpp"
#include "access/view.hpp"
#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "observe/log.hpp"
#include "store/directory.hpp"

namespace video::access {
namespace {

using namespace std::chrono_literals;

// Distinguishes tokens from sessions, and lets scanners for leaked secrets recognize them.
constexpr std::string_view tokenPrefix = "vdt_";
constexpr std::size_t secretLength = 43;  // 256 bits in base64url
constexpr std::chrono::milliseconds touchInterval = 1min;
constexpr std::string_view uploading = "upload";
constexpr std::string_view viewing = "view";

constexpr std::string_view dropping = "drop";

// What the signature of a drop link names in place of a video.
VideoId subjectOf(UserId owner) {
  return {fmt::format("user {}", owner.value)};
}

bool isToken(std::string_view secret) {
  return secret.starts_with(tokenPrefix);
}

SecretKey keyOf(std::string_view secret) {
  SecretKey key;
  crypto_hash_sha256(key.data(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  return key;
}

// A browser sends its cookie automatically, so an invalid one makes the caller anonymous. Any other secret was sent on
// purpose: an invalid one is an error.
Identity refuse(const Secret& secret) {
  if (secret.cookie) return {};
  throw Error(Fault::unauthenticated, "session or token: unknown, ended or expired");
}

// Returns whether `secret` has the form of a secret made by videod; others are refused without reading the database.
bool hasForm(std::string_view secret) {
  return secret.size() == secretLength + (isToken(secret) ? tokenPrefix.size() : 0);
}

// Returns when a session ends at the latest; nothing for a token, or without a limit.
std::optional<Time> latestOf(const rows::Known& known, bool token, const AccessOptions& options) {
  if (token || options.sessionMax.count() == 0) return std::nullopt;
  return known.created + options.sessionMax;
}

// The limit may be shorter now than when the row was written.
void capExpiry(rows::Known& session, const AccessOptions& options) {
  if (const auto latest = latestOf(session, false, options)) session.expires = std::min(*session.expires, *latest);
}

bool hasExpired(const rows::Known& known, Time now) {
  return known.expires && *known.expires <= now;
}

std::optional<rows::Known> findSecret(store::Reader& reader, std::string_view secret, std::string_view hash,
                                      const AccessOptions& options) {
  if (isToken(secret)) return rows::findToken(reader, hash);
  auto known = rows::findSession(reader, hash);
  if (known) capExpiry(*known, options);
  return known;
}

Identity identityOf(const rows::Known& known, bool token, const AccessOptions& options) {
  return {.kind = token ? Identity::Kind::token : Identity::Kind::session,
          .user = known.user,
          .userName = known.userName,
          .role = known.role,
          .scope = known.scope,
          .expires = known.expires,
          .publicId = known.publicId,
          .latest = latestOf(known, token, options)};
}

Identity operatorOf(store::Reader& reader, std::string_view name) {
  if (!isUserName(name)) throw Error(Fault::notFound, "user: not found");
  const auto known = rows::findUser(reader, name);
  if (!known) throw noSuchUser(name);
  return {.kind = Identity::Kind::operator_, .user = known->user, .userName = known->userName, .role = known->role};
}

// Returns the identity of a credential without a secret, or nothing if the database must be read.
std::optional<Identity> plainIdentity(const Credential& by) {
  if (std::holds_alternative<Anonymous>(by)) return Identity{};
  if (std::holds_alternative<SignedLink>(by)) return Identity{.kind = Identity::Kind::link};
  if (const auto* operator_ = std::get_if<Operator>(&by); operator_ != nullptr && !operator_->as)
    return Identity{.kind = Identity::Kind::operator_};
  return std::nullopt;
}

NewSecret withHash(std::string secret) {
  std::string hash = rows::hexOf(keyOf(secret));
  return {std::move(secret), std::move(hash)};
}

}  // namespace

NewSecret makeSessionSecret() {
  return withHash(makeSecret());
}

NewSecret makeTokenSecret() {
  return withHash(fmt::format("{}{}", tokenPrefix, makeSecret()));
}

std::string hashOf(const Identity& who) {
  const bool hasSecret = who.kind == Identity::Kind::session || who.kind == Identity::Kind::token;
  return hasSecret ? rows::hexOf(who.key) : std::string();
}

struct Access::Impl {
  Impl(store::Database& wantedDatabase, const AccessOptions& wanted, const Clock& wantedClock,
       const Clock& wantedElapsed)
      : database(wantedDatabase),
        options(wanted),
        clock(wantedClock),
        elapsed(wantedElapsed),
        passwords(wanted),
        throttle(wanted.loginAttempts, wanted.loginWindow),
        registrations(wanted.registrationsPerHour, 1h),
        comments(wanted.commentsPerMinute, 1min),
        imports(wanted.importsPerHour, 1h),
        reports(wanted.reportsPerHour, 1h),
        cache(wanted.sessionCache),
        deferredWrites(wantedDatabase, cache) {}

  store::Database& database;
  const AccessOptions options;
  const Clock& clock;
  const Clock& elapsed;
  Passwords passwords;
  Throttle throttle;
  Rate registrations;
  Rate comments;
  Rate imports;
  Rate reports;
  Cache cache;
  DeferredWrites deferredWrites;
  std::mutex epochMutex;
  std::optional<std::pair<std::uint64_t, std::int64_t>> epoch;  // database version, and the rights epoch at it
  std::jthread loader;

  // A session is extended once this much of it has passed: half of a session shorter than two minutes.
  std::chrono::milliseconds extendAfter() const { return std::min(touchInterval, options.sessionTtl / 2); }

  Identity identifySecret(const Secret& by) {
    const std::string& secret = by.text;
    if (!hasForm(secret)) return refuse(by);
    const SecretKey key = keyOf(secret);
    const Time now = clock.now();
    auto found = cache.find(key, currentEpoch(), now);
    if (!found) found = database.read([&](store::Reader& reader) { return readSecret(reader, key, secret, now); });
    if (!found) return refuse(by);
    if (found->touch) touch(found->identity, key, now);
    found->identity.key = key;
    return std::move(found->identity);
  }

  std::optional<Identity> findWithoutExtending(const std::string& secret) {
    if (!hasForm(secret)) return std::nullopt;
    const SecretKey key = keyOf(secret);
    const Time now = clock.now();
    if (auto found = cache.find(key, currentEpoch(), now, false)) return std::move(found->identity);
    const auto known =
        database.read([&](store::Reader& reader) { return findSecret(reader, secret, rows::hexOf(key), options); });
    if (!known || hasExpired(*known, now)) return std::nullopt;
    return identityOf(*known, isToken(secret), options);
  }

  // Reads the rights epoch again only if some process has committed since the last call.
  std::int64_t currentEpoch() {
    const std::uint64_t version = database.version();
    {
      const std::scoped_lock lock(epochMutex);
      if (epoch && epoch->first == version) return epoch->second;
    }
    const std::int64_t read = database.read([](store::Reader& reader) { return rows::epoch(reader); });
    const std::scoped_lock lock(epochMutex);
    epoch.emplace(version, read);
    return read;
  }

  std::optional<Cache::Found> readSecret(store::Reader& reader, const SecretKey& key, std::string_view secret,
                                         Time now) {
    const auto known = findSecret(reader, secret, rows::hexOf(key), options);
    if (!known || hasExpired(*known, now)) {
      cache.drop(key);
      if (known && !isToken(secret)) deferredWrites.add({DeferredWrites::Note::What::expired, key, now});
      return std::nullopt;
    }
    Cache::Entry entry = entryOf(*known, isToken(secret), now);
    Cache::Found found{entry.identity, now >= entry.nextTouch};
    if (found.touch) entry.nextTouch = now + entry.touchInterval;
    cache.put(key, std::move(entry));
    return found;
  }

  Cache::Entry entryOf(const rows::Known& known, bool token, Time now) const {
    Cache::Entry entry{.identity = identityOf(known, token, options), .epoch = known.epoch};
    if (token) {
      entry.touchInterval = touchInterval;
      entry.nextTouch = known.lastUsed ? *known.lastUsed + touchInterval : now;
    } else {
      entry.touchInterval = extendAfter();
      entry.nextTouch = options.slidingSessions ? *known.expires - options.sessionTtl + extendAfter() : Time::max();
    }
    return entry;
  }

  // Each half is read in a snapshot, because an entry is valid only with the epoch of the state it was read from.
  void load(const std::stop_token& stop) {
    const auto half = [&](std::string_view from, std::string_view to) {
      database.snapshot([&](store::Reader& reader) {
        const Time now = clock.now();
        const auto keep = [&](const SecretKey& key, const rows::Known& row) {
          rows::Known known = row;
          capExpiry(known, options);
          if (!hasExpired(known, now)) cache.put(key, entryOf(known, false, now));
          return !stop.stop_requested();
        };
        rows::forEachSession(reader, now, from, to, options.sessionCache / 2 + 1, keep);
      });
    };
    cache.makeReady();
    // Hashes are evenly distributed, so both halves are about the same size.
    auto upper = std::async(std::launch::async, half, "8", "g");
    half("", "8");
    upper.get();
  }

  void touch(const Identity& who, const SecretKey& key, Time now) {
    if (who.kind == Identity::Kind::token) return deferredWrites.add({DeferredWrites::Note::What::used, key, now});
    const Time expires = std::min(now + options.sessionTtl, who.latest.value_or(Time::max()));
    if (who.expires < expires) deferredWrites.add({DeferredWrites::Note::What::extended, key, expires});
  }
};

Access::Access(store::Database& database, const AccessOptions& options, const Clock& clock, const Clock& elapsed)
    : impl_(std::make_unique<Impl>(database, options, clock, elapsed)) {}

Access::~Access() = default;

Identity Access::identify(const Credential& by) {
  if (const auto* secret = std::get_if<Secret>(&by)) return impl_->identifySecret(*secret);
  if (auto plain = plainIdentity(by)) return std::move(*plain);
  return impl_->database.read([&](store::Reader& reader) { return operatorOf(reader, *std::get<Operator>(by).as); });
}

Identity Access::identify(store::Transaction& transaction, const Credential& by) {
  if (auto plain = plainIdentity(by)) return std::move(*plain);
  if (const auto* operator_ = std::get_if<Operator>(&by)) return operatorOf(transaction, *operator_->as);
  const std::string& secret = std::get<Secret>(by).text;
  if (!hasForm(secret)) return refuse(std::get<Secret>(by));
  const SecretKey key = keyOf(secret);
  const auto known = findSecret(transaction, secret, rows::hexOf(key), options());
  if (!known || hasExpired(*known, now())) return refuse(std::get<Secret>(by));
  Identity who = identityOf(*known, isToken(secret), options());
  who.key = key;
  return who;
}

observe::LoggedCaller Access::describe(const Credential& by) noexcept try {
  if (const auto* operator_ = std::get_if<Operator>(&by)) return {operator_->as.value_or(""), "operator"};
  if (std::holds_alternative<SignedLink>(by)) return {{}, "link"};
  if (!std::holds_alternative<Secret>(by)) return {};
  const std::optional<Identity> found = impl_->findWithoutExtending(std::get<Secret>(by).text);
  if (!found) return {};
  const Identity& who = *found;
  return {who.userName, (who.kind == Identity::Kind::token ? "token:" : "session:") + who.publicId};
} catch (const std::exception&) {
  return {};
}

std::string Access::hashPassword(const Identity& who, std::string_view address, std::string_view password) {
  const bool isOperator = who.kind == Identity::Kind::operator_;
  const std::string_view account = isOperator ? std::string_view() : who.userName;
  return impl_->passwords.hash({address, account, isOperator || who.isUser()}, password);
}

std::string Access::hashRegistration(const Identity& who, std::string_view address, std::string_view password) {
  if (address.empty() || may(who, rights::usersAddAny)) return hashPassword(who, address, password);
  const std::string from = addressKey(address);
  impl_->registrations.take(from, impl_->elapsed.now(), "registration: too many from this address");
  try {
    return hashPassword(who, address, password);
  } catch (...) {
    impl_->registrations.giveBack(from);
    throw;
  }
}

void Access::uncountComment(const Identity& who) {
  if (who.kind != Identity::Kind::operator_) impl_->comments.giveBack(fmt::to_string(who.user.value));
}

void Access::countComment(const Identity& who) {
  if (who.kind == Identity::Kind::operator_) return;
  impl_->comments.take(fmt::to_string(who.user.value), impl_->elapsed.now(), "comments: too many in a minute");
}

void Access::countImport(const Identity& who) {
  if (who.kind == Identity::Kind::operator_) return;
  impl_->imports.take(fmt::to_string(who.user.value), impl_->elapsed.now(), "imports: too many in an hour");
}

void Access::countReport(const Identity& who, std::string_view address) {
  if (address.empty() || who.kind == Identity::Kind::operator_) return;
  impl_->reports.take(addressKey(address), impl_->elapsed.now(), "reports: too many from this address");
}

Verified Access::verifyPassword(std::string_view name, std::string_view address, std::string_view hash,
                                std::string_view password) {
  Throttle::Try attempt = impl_->throttle.begin(name, address, impl_->elapsed.now());
  Verified verified = impl_->passwords.verify({address, name, attempt.isKnown()}, hash, password);
  if (verified.right)
    attempt.succeeded(impl_->elapsed.now());
  else
    attempt.failed();
  return verified;
}

std::optional<UserId> Access::whose(store::Reader& reader, const Identity& who, const std::optional<std::string>& name,
                                    const Right& of, const Right& all) {
  if (!name) return may(who, all) ? std::nullopt : std::optional(who.user);
  const auto known = rows::findUser(reader, *name);
  const std::optional<UserId> user = known ? std::optional(known->user) : std::nullopt;
  requireOn(who, of, user, noSuchUser(*name));
  return user;
}

void Access::revokeAll(const Credential& by, const std::optional<std::string>& name, const Right& own, const Right& of,
                       const Right& all, const RemoveSome& remove) {
  constexpr std::int64_t limit = 500;
  const Identity who = identify(by);
  require(who, own);
  // The caller's own session or token may be removed in the first step, so it is checked only there.
  bool first = true;
  const auto step = [&](store::Transaction& transaction) {
    const Identity current = first ? identify(transaction, by) : who;
    require(current, own);
    return remove(transaction, whose(transaction, current, name, of, all), limit);
  };
  // Until there is none: tokens that end with another one are not counted.
  while (impl_->database.write(store::Purpose::keep, step) > 0) first = false;
}

std::string Access::uploadLink(const VideoId& video, UserId owner) {
  return link(uploadUrlOf(owner), video, uploading, now() + impl_->options.uploadLinkTtl);
}

Time Access::uploadLinksSince() const {
  return now() - impl_->options.uploadLinkTtl - std::chrono::seconds{1};  // links name whole seconds
}

std::string Access::link(std::string_view share, const VideoId& video, std::string_view what, Time expires) {
  return makeLink(impl_->database.directory().signingKey().read(), share, video, what, expires);
}

void Access::checkLink(store::Reader& reader, const SignedLink& link, const VideoId& video, std::string_view what,
                       std::optional<Time> at) {
  access::checkLink(impl_->database.directory().signingKey().read(), link, video, what, at.value_or(now()));
  // Who hands out a link lets others do what they may themselves.
  const auto owner = rows::ownerOf(reader, video);
  const bool isOfOwner = !owner || link.share == noShare || link.share == uploadUrlOf(owner->id);
  const bool isValid =
      what == uploading && isUploadUrl(link.share) ? isOfOwner : rows::hasShare(reader, link.share, video, what);
  if (!isValid) throw Error(Fault::forbidden, "link: has been revoked");
  if (owner && owner->disabled) throw Error(Fault::forbidden, "link: its owner is disabled");
}

std::string Access::dropLink(const ShareId& share, UserId owner, Time expires) {
  return link(share.text, subjectOf(owner), dropping, expires);
}

void Access::checkDropLink(store::Reader& reader, const SignedLink& link, const ShareId& share, UserId owner) {
  access::checkLink(impl_->database.directory().signingKey().read(), link, subjectOf(owner), dropping, now());
  if (link.share != share.text) throw Error(Fault::forbidden, "link: signature is not valid for this request");
  if (rows::isDisabled(reader, owner)) throw Error(Fault::forbidden, "link: its owner is disabled");
}

void Access::requireView(store::Reader& reader, const Credential& by, const Identity& who, const VideoId& id,
                         const std::optional<ViewedVideo>& video, const Error& absent) {
  require(who, rights::videosShow);
  const auto* const link = std::get_if<SignedLink>(&by);
  if (link != nullptr) checkLink(reader, *link, id, viewing);
  if (video && access::mayView(who, *video, link != nullptr, options().stream)) return;
  if (who.kind == Identity::Kind::anonymous && options().stream != StreamAccess::everyone)
    require(who, rights::videosShowSignedIn);
  throw Error(absent);
}

void Access::requireOnVideo(const Identity& who, const Right& right, const std::optional<ViewedVideo>& video,
                            const Error& absent) const {
  const bool isSeen = video && mayView(who, *video);
  requireOn(who, right, isSeen ? std::optional(video->owner) : std::nullopt, absent);
}

bool Access::mayView(const Identity& who, const ViewedVideo& video) const {
  return access::mayView(who, video, false, options().stream);
}

bool Access::mayViewListed(const Identity& who, UserId owner) const {
  return mayView(who, {.owner = owner, .ready = true, .visibility = Visibility::public_});
}

void Access::loadInBackground() {
  impl_->loader = std::jthread([inside = impl_.get()](const std::stop_token& stop) {
    try {
      inside->load(stop);
    } catch (const std::exception& error) {
      // Without the load each session is looked up on its next use.
      observe::warning("sessions were not loaded", {{"error", error.what()}});
    }
  });
}

std::size_t Access::load() {
  impl_->load({});
  return impl_->cache.size();
}

std::optional<Time> Access::endOf(const std::optional<Time>& time, const std::optional<std::int64_t>& lasting,
                                  std::string_view timeField, std::string_view lastingField) const {
  constexpr std::chrono::milliseconds longest{std::chrono::hours{24 * 365 * 100}};
  const auto require = [](bool isGood, std::string_view field) {
    if (!isGood) throw Error(Fault::malformed, fmt::format("{}: must be in the next 100 years", field));
  };
  if (lasting) {
    require(*lasting >= 1 && *lasting <= longest.count(), lastingField);
    return now() + std::chrono::milliseconds{*lasting};
  }
  if (time) require(*time > now() && *time <= now() + longest, timeField);
  return time;
}

CacheCounts Access::cacheCounts() const {
  return impl_->cache.counts();
}

const AccessOptions& Access::options() const {
  return impl_->options;
}

Time Access::now() const {
  return impl_->clock.now();
}

}  // namespace video::access
