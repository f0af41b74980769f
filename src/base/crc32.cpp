#include "base/crc32.hpp"

#include <array>
#include <cstddef>

// Carry-less multiplication computes the sum of 64 bytes at a time; the rest of the code asks the
// processor whether it has it.
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define EK_CRC32_CLMUL
#include <immintrin.h>
#endif

namespace ek {
namespace {

// Slicing by 8: table[k][b] is the sum of byte b followed by k zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t sum = i;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? sum >> 1U ^ 0xEDB88320U : sum >> 1U;
    tables[0][i] = sum;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[k][i] = tables[k - 1][i] >> 8U ^ tables[0][tables[k - 1][i] & 255U];
    }
  }
  return tables;
}
constexpr Tables tables = make_tables();

std::uint32_t load_word(std::string_view bytes, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
  };
  return byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U;
}

#ifdef EK_CRC32_CLMUL

using Lane = __m128i;

// Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009: a lane
// is moved on by a distance when its halves are multiplied by powers of x modulo the polynomial,
// all bit-reflected.
constexpr std::uint64_t power_of_x(std::size_t exponent) {
  std::uint32_t power = 0x80000000U;
  for (; exponent > 0; --exponent)
    power = (power & 1U) != 0 ? power >> 1U ^ 0xEDB88320U : power >> 1U;
  return std::uint64_t{power} << 1U;
}
struct FoldBy {
  explicit constexpr FoldBy(std::size_t bytes)
      : low(power_of_x(8 * bytes + 32)), high(power_of_x(8 * bytes - 32)) {}
  std::uint64_t low, high;
};
constexpr FoldBy fold_by_64(64);
constexpr FoldBy fold_by_32(32);
constexpr FoldBy fold_by_16(16);
constexpr std::uint64_t fold_to_64 = power_of_x(64);
constexpr std::uint64_t polynomial = 0x1db710641;
constexpr std::uint64_t reciprocal = 0x1f7011641;

#define EK_CLMUL __attribute__((target("pclmul,sse4.1")))

EK_CLMUL Lane pair(std::uint64_t low, std::uint64_t high) noexcept {
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}
EK_CLMUL Lane load(const char* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const Lane*>(at));
}
// Moves `lane` on by the distance of `by` and adds what stands there.
EK_CLMUL Lane fold(Lane lane, Lane by, Lane next) noexcept {
  return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(lane, by, 0x00),
                                           _mm_clmulepi64_si128(lane, by, 0x11)));
}

// 128 bits to 32: twice down by folding, then Barrett's reduction.
EK_CLMUL std::uint32_t reduce(Lane lane) noexcept {
  const Lane mask = _mm_setr_epi32(-1, 0, -1, 0);
  lane = _mm_xor_si128(_mm_srli_si128(lane, 8),
                       _mm_clmulepi64_si128(lane, pair(fold_by_16.high, 0), 0x00));
  lane = _mm_xor_si128(_mm_srli_si128(lane, 4),
                       _mm_clmulepi64_si128(_mm_and_si128(lane, mask), pair(fold_to_64, 0), 0x00));
  const Lane barrett = pair(polynomial, reciprocal);
  Lane estimate = _mm_clmulepi64_si128(_mm_and_si128(lane, mask), barrett, 0x10);
  estimate = _mm_clmulepi64_si128(_mm_and_si128(estimate, mask), barrett, 0x00);
  return static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(lane, estimate), 1));
}

// A lane shuffled by 16 bytes from `byte_moves + k` is moved k - 16 bytes towards its front, or, if
// that is negative, towards its back; zeros fill it up.
constexpr char none = '\x80';
constexpr char byte_moves[48] = {
    none, none, none, none, none, none, none, none, none, none, none, none, none, none, none, none,
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15,
    none, none, none, none, none, none, none, none, none, none, none, none, none, none, none, none};

// The last `size` bytes before `end`, fewer than a lane: with what `lane` has behind its first
// `size` bytes they make the next one.
EK_CLMUL Lane fold_tail(Lane lane, Lane by, const char* end, std::size_t size) noexcept {
  const Lane rest = load(byte_moves + 16 + size);
  const Lane next = _mm_blendv_epi8(_mm_shuffle_epi8(lane, rest), load(end - 16), rest);
  return fold(_mm_shuffle_epi8(lane, load(byte_moves + size)), by, next);
}

// Of at least 64 bytes.
EK_CLMUL std::uint32_t sum_lanes(std::string_view bytes, std::uint32_t sum) noexcept {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  Lane lanes[4] = {_mm_xor_si128(load(at), _mm_cvtsi32_si128(static_cast<int>(sum))), load(at + 16),
                   load(at + 32), load(at + 48)};
  const Lane far = pair(fold_by_64.low, fold_by_64.high);
  for (at += 64; end - at >= 64; at += 64) {
    for (std::size_t i = 0; i < 4; ++i) lanes[i] = fold(lanes[i], far, load(at + 16 * i));
  }
  const Lane near = pair(fold_by_16.low, fold_by_16.high);
  Lane lane = fold(fold(lanes[0], near, lanes[1]), pair(fold_by_32.low, fold_by_32.high),
                   fold(lanes[2], near, lanes[3]));
  for (; end - at >= 16; at += 16) lane = fold(lane, near, load(at));
  return reduce(fold_tail(lane, near, end, static_cast<std::size_t>(end - at)));
}

bool has_clmul() noexcept {
  return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

#endif

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t previous) noexcept {
  std::uint32_t sum = ~previous;
#ifdef EK_CRC32_CLMUL
  if (bytes.size() >= 64 && has_clmul()) return ~sum_lanes(bytes, sum);
#endif
  while (bytes.size() >= 8) {
    const std::uint32_t low = load_word(bytes, 0) ^ sum;
    const std::uint32_t high = load_word(bytes, 4);
    sum = tables[7][low & 255U] ^ tables[6][low >> 8U & 255U] ^ tables[5][low >> 16U & 255U] ^
          tables[4][low >> 24U] ^ tables[3][high & 255U] ^ tables[2][high >> 8U & 255U] ^
          tables[1][high >> 16U & 255U] ^ tables[0][high >> 24U];
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) {
    sum = sum >> 8U ^ tables[0][(sum ^ static_cast<unsigned char>(c)) & 255U];
  }
  return ~sum;
}

}  // namespace ek
