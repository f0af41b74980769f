#include "tools/emulator/model.hpp"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/text.hpp"

namespace ek::emulator {
namespace {

constexpr auto openers = std::to_array<std::string_view>({
    "You asked about {0} — a good question, even before the first café of the day ☕.",
    "About {0}: let us think it through, step by step, and a little naïvely at first.",
    "Ah, {0}! Voilà, a short answer 🙂.",
    "Good, {0} it is — here is what a very small model makes of it.",
});
constexpr auto middles = std::to_array<std::string_view>({
    "With {0} and {1}, what counts is how they fit together — not either one alone.",
    "Whoever looks at {0} tends to forget {1}; a cliché, but a true one.",
    "A small résumé: {0} comes first, {1} follows, and {2} decides.",
    "Suppose {0} were twice as large: {1} would hardly notice, {2} certainly would ✨.",
    "There are two schools — one begins with {0}, the other would never leave {1} to the end.",
    "In practice one measures {0} before changing {1} 📏.",
    "“{0} first” is the rule of thumb; {1} is the exception — and {2} the reason.",
});
constexpr auto closers = std::to_array<std::string_view>({
    "That is all this emulator knows about {0} — ask a real model for more 🚀.",
    "So much for {0}; merci for asking!",
    "And that, déjà vu or not, is {0}.",
});
constexpr auto thoughts = std::to_array<std::string_view>({
    "The user writes about {0}.",
    "The words that matter are {0}, {1} and {2} — in this order.",
    "A short answer with an example or two will do.",
});
// For prompts that have less than three topics of their own.
constexpr auto companions =
    std::to_array<std::string_view>({"patience", "a good map", "the weather"});
constexpr auto stop_words = std::to_array<std::string_view>(
    {"a",     "about", "all",  "an",    "and",  "any",  "are",   "as",   "at",   "be",    "but",
     "by",    "can",   "do",   "does",  "for",  "from", "give",  "has",  "have", "hello", "hi",
     "how",   "i",     "if",   "in",    "is",   "it",   "its",   "me",   "my",   "no",    "not",
     "of",    "on",    "one",  "or",    "our",  "say",  "so",    "some", "tell", "than",  "that",
     "the",   "their", "then", "there", "this", "to",   "use",   "was",  "we",   "what",  "when",
     "where", "which", "who",  "why",   "will", "with", "write", "you",  "your", "please"});

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// FNV-1a; the standard's hash differs between libraries.
std::uint64_t hash(std::string_view text, std::uint64_t state = 14695981039346656037U) {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return state;
}

// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<std::size_t>((z ^ (z >> 31U)) % limit);
  }

 private:
  std::uint64_t state_;
};

std::vector<std::string> topics_of(std::string_view text) {
  std::vector<std::string> topics;
  std::size_t at = 0;
  while (at < text.size() && topics.size() < 12) {
    const auto begin =
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_word_byte);
    const auto end = std::find_if_not(begin, text.end(), is_word_byte);
    std::string word(begin, end);
    at = static_cast<std::size_t>(end - text.begin());
    const std::string lower = to_lower(word);
    const bool dull = std::find(stop_words.begin(), stop_words.end(), lower) != stop_words.end();
    const bool known =
        std::any_of(topics.begin(), topics.end(), [&](const auto& t) { return iequals(t, word); });
    if (!word.empty() && !dull && !known) topics.push_back(std::move(word));
  }
  if (topics.empty()) topics.emplace_back("your message");
  for (std::size_t i = 0; topics.size() < 3; ++i) topics.emplace_back(companions[i]);
  return topics;
}

// The template with the topics from `first` on, round and round.
std::string fill(std::string_view text, const std::vector<std::string>& topics, std::size_t first) {
  const auto topic = [&](std::size_t i) { return topics[(first + i) % topics.size()]; };
  return fmt::format(fmt::runtime(text), topic(0), topic(1), topic(2));
}

std::string speak(const std::vector<std::string>& topics, Random& random) {
  std::string text = fill(openers[random.below(openers.size())], topics, 0);
  const std::size_t count = 2 + random.below(3);
  std::size_t pick = random.below(middles.size());
  for (std::size_t i = 0; i < count; ++i) {
    text += i == count - 1 ? "\n\n" : " ";
    text += fill(middles[pick], topics, i);
    pick = (pick + 1 + random.below(middles.size() - 1)) % middles.size();
  }
  return text + " " + fill(closers[random.below(closers.size())], topics, 0);
}

std::string think(const std::vector<std::string>& topics) {
  std::string text;
  for (const std::string_view thought : thoughts) {
    text += (text.empty() ? "" : " ") + fill(thought, topics, 0);
  }
  return text;
}

std::string reply_text(const Prompt& prompt, Random& random) {
  if (!prompt.messages.empty() && prompt.messages.back().role == "tool") {
    return fmt::format("The tool says — {} — and so you have it ✅.", prompt.messages.back().text);
  }
  return speak(topics_of(last_text(prompt, "user")), random);
}

std::string cut_at_stop(std::string text, std::span<const std::string> stops) {
  for (const std::string& stop : stops) {
    if (!stop.empty()) text = text.substr(0, text.find(stop));
  }
  return text;
}

std::uint64_t seed_of(const Prompt& prompt) {
  std::uint64_t seed = hash("");
  for (const ChatMessage& message : prompt.messages) {
    seed = hash(message.text, hash(message.role, seed));
  }
  if (prompt.temperature <= 0) return seed;
  const auto warmth = static_cast<std::uint64_t>(std::llround(prompt.temperature * 1000));
  return seed ^ (prompt.seed + 1) * 0x9E3779B97F4A7C15U ^ warmth;
}

int count_prompt(const Prompt& prompt) {
  std::size_t count = 3;
  for (const ChatMessage& message : prompt.messages) count += 4 + tokenize(message.text).size();
  for (const ChatTool& tool : prompt.tools) count += 8 + tokenize(tool.parameters).size();
  return static_cast<int>(count);
}

// Takes up to `budget` tokens away from it; true if all fitted.
bool take(std::vector<std::string>& tokens, std::size_t& budget) {
  const bool whole = tokens.size() <= budget;
  if (!whole) tokens.resize(budget);
  budget -= tokens.size();
  return whole;
}

}  // namespace

std::vector<std::string> tokenize(std::string_view text) {
  constexpr std::size_t max_characters = 6;
  std::vector<std::string> tokens;
  std::size_t characters = 0;
  bool in_word = false;
  for (const char c : text) {
    if (is_continuation(c) && !tokens.empty()) {
      tokens.back() += c;
      continue;
    }
    const bool word = is_word_byte(c);
    const bool joins = word && (in_word || (!tokens.empty() && tokens.back() == " "));
    if (tokens.empty() || !joins || characters == max_characters) {
      tokens.emplace_back();
      characters = 0;
    }
    tokens.back() += c;
    if (c != ' ') ++characters;
    in_word = word;
  }
  return tokens;
}

std::string_view last_text(const Prompt& prompt, std::string_view role) {
  for (auto message = prompt.messages.rbegin(); message != prompt.messages.rend(); ++message) {
    if (message->role == role) return message->text;
  }
  return {};
}

Answer answer(const Prompt& prompt) {
  Random random(seed_of(prompt));
  Answer result{.prompt_tokens = count_prompt(prompt)};
  const auto limit = static_cast<std::size_t>(std::max(prompt.max_tokens, 1));
  std::size_t budget = limit;
  bool whole = true;
  if (prompt.reasoning) {
    result.reasoning = tokenize(think(topics_of(last_text(prompt, "user"))));
    whole = take(result.reasoning, budget);
  }
  if (auto call = whole ? choose_tool(prompt) : std::nullopt) {
    budget -= std::min(budget, tokenize(call->name + call->arguments).size());
    result.tool = std::move(call);
    result.finish = "tool_calls";
  } else if (whole) {
    result.tokens = tokenize(cut_at_stop(reply_text(prompt, random), prompt.stop));
    whole = take(result.tokens, budget);
  }
  if (!whole) result.finish = "length";
  result.completion_tokens = static_cast<int>(limit - budget);
  return result;
}

}  // namespace ek::emulator
