// SPDX-License-Identifier: Apache-2.0

/// The closed word lists of the village.
///
/// No word stands in two lists, so a slot's class decides what a sentence says. The last sixth of
/// each *entity* list is held out: it occurs in the split `test_new` and nowhere else. Verbs,
/// days, numbers, ages, tempers, road lengths and mood words are no entities and occur everywhere.
enum WordLists {
  // Entities.
  static let people = words(
    """
    mara tobin odo elsa rufus greta pavel nina oskar lena hugo wilma boris clara jonas petra
    felix tilda simon agnes viktor rosa edgar hilda lukas irma anton berta conrad dora emil
    frieda gustav helga ivan jutta karl lotte moritz nelly otto paula quentin ruth stefan thea
    ulrich vera
    """)
  static let places = words(
    "mill chapel market bridge harbour tavern school smithy fountain barn tower meadow")
  static let goods = words(
    """
    lamp clock kettle basket chair table ladder blanket mirror barrel wagon hammer bucket carpet
    candle rope spade shelf jug coat hat bench broom pillow
    """)
  static let trades = words(
    """
    baker miller smith weaver potter tailor carpenter fisher shepherd teacher brewer mason
    painter gardener barber cobbler
    """)
  static let streets = words(
    "copper linden willow river castle garden silver bishop saddle thorn amber pepper")
  static let pets = words("cat dog goat hen pony rabbit duck parrot mouse lamb turtle finch")
  static let foods = words(
    """
    soup bread cheese honey plums porridge cake stew pears butter mushrooms pancakes dumplings
    beans jam pudding
    """)
  static let instruments = words(
    "fiddle flute drum harp horn lute whistle trumpet piano guitar organ banjo")
  static let weathers = words(
    "rainy sunny windy foggy snowy stormy cloudy frosty hazy mild dry humid")

  // Everything else.
  static let ages = words("young grown old aged")
  static let tempers = words(
    "brave shy proud patient stubborn honest curious lazy clever generous")
  static let lengths = words("short long steep narrow wide muddy")
  static let days = words("monday tuesday wednesday thursday friday saturday sunday")
  static let aspects = words(
    "price quality durability looks comfort size handling delivery")
  /// Verbs of posts, each with the word that joins it to a partner; past and participle agree.
  static let deeds = [
    ("sold", "to"), ("lent", "to"), ("brought", "to"), ("delivered", "to"),
    ("bought", "from"), ("borrowed", "from"), ("ordered", "from"), ("rented", "from"),
    ("mended", "for"), ("painted", "for"), ("carved", "for"), ("polished", "for"),
  ]
  /// Verbs of market notices.
  static let offers = [("sells", "for"), ("offers", "for"), ("seeks", "for"), ("lends", "for")]
  /// Coins, weeks, prices and ratings: 1 ... 60.
  static let numbers = (1...60).map { String($0) }

  static func adjectives(_ mood: Mood) -> [String] {
    switch mood {
    case .merry: words("merry jolly bright happy cheerful lively gleeful playful festive funny")
    case .calm: words("calm gentle quiet peaceful soft cosy restful serene tender silent")
    case .sad: words("sad gloomy lonely weary sorry tearful bitter hopeless broken empty")
    case .spooky:
      words("spooky eerie creepy ghostly haunted dreadful ghastly sinister shadowy grim")
    }
  }

  static func verbs(_ mood: Mood) -> [String] {
    switch mood {
    case .merry: words("laughed danced sang cheered smiled giggled")
    case .calm: words("rested dozed strolled hummed dreamed relaxed")
    case .sad: words("wept sighed mourned sobbed moped grieved")
    case .spooky: words("shivered trembled screamed shrieked fled froze")
    }
  }

  private static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map { String($0) }
  }
}

/// What kind of story a tale is.
public enum Mood: String, Sendable, CaseIterable {
  /// Laughter; its words count as positive.
  case merry
  /// Rest; its words count as positive.
  case calm
  /// Sorrow; its words count as negative.
  case sad
  /// Fear; its words count as negative.
  case spooky

  /// Whether words of this mood count as positive.
  public var isPositive: Bool {
    self == .merry || self == .calm
  }
}
