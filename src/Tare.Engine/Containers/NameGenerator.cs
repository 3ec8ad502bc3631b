using System.Security.Cryptography;

namespace Tare.Engine.Containers;

/// <summary>Names for containers that were given none: an adjective and a thing that is weighed or weighs.</summary>
internal static class NameGenerator
{
    private static readonly string[] Adjectives =
    [
        "agile", "airy", "amber", "ample", "ardent", "autumn", "azure", "balmy", "bold", "brave", "breezy", "bright", "brisk", "calm",
        "candid", "careful", "cheerful", "chilly", "clean", "clear", "clever", "coastal", "copper", "coral", "cosmic", "cozy", "crisp",
        "curious", "dapper", "daring", "dawn", "deft", "dewy", "diligent", "dreamy", "eager", "early", "earnest", "easy", "emerald",
        "even", "exact", "fair", "faithful", "fancy", "feathery", "fine", "fleet", "fluent", "fond", "frank", "free", "fresh", "frosty",
        "gentle", "gilded", "glad", "golden", "graceful", "grand", "green", "hale", "handy", "happy", "hardy", "hazel", "hearty",
        "honest", "humble", "ideal", "idle", "indigo", "ivory", "jade", "jolly", "jovial", "joyful", "just", "keen", "kind", "lavish",
        "lean", "level", "light", "lively", "loyal", "lucid", "lucky", "lunar", "mellow", "merry", "mighty", "mild", "mindful", "misty",
        "modest", "neat", "nimble", "noble", "novel", "oaken", "olive", "opal", "open", "orderly", "patient", "placid", "plain",
        "playful", "poised", "polar", "polite", "proper", "proud", "prudent", "pure", "quick", "quiet", "radiant", "rapid", "ready",
        "rosy", "round", "rustic", "sandy", "scarlet", "serene", "sharp", "silent", "silver", "simple", "sincere", "sleek", "smooth",
        "snowy", "sober", "soft", "solar", "solid", "spry", "stable", "starry", "steady", "still", "stoic", "sturdy", "sunny", "sure",
        "swift", "tidy", "tranquil", "true", "trusty", "upbeat", "velvet", "vivid", "warm", "wise", "witty", "young", "zesty",
    ];

    private static readonly string[] Things =
    [
        "abacus", "acorn", "almond", "anchor", "anvil", "apple", "apricot", "arrow", "aspen", "badger", "balance", "barge", "barley",
        "barrel", "basket", "beacon", "beaver", "beech", "bell", "berry", "birch", "bison", "boat", "bobbin", "bottle", "bramble",
        "brook", "bucket", "buoy", "canoe", "cargo", "carton", "cedar", "cello", "chalk", "cherry", "chest", "clover", "cobble",
        "comet", "compass", "cork", "cotton", "crane", "crate", "cricket", "crystal", "cygnet", "daisy", "dolphin", "drum", "dune",
        "eagle", "ember", "falcon", "feather", "fern", "ferry", "fiddle", "finch", "flint", "flute", "fox", "galleon", "garnet",
        "gecko", "ginger", "glacier", "granite", "gravel", "grove", "harbor", "harp", "hazelnut", "heron", "hopper", "ibis", "island",
        "ivy", "jar", "jasmine", "juniper", "kayak", "kernel", "kestrel", "kettle", "kite", "lantern", "larch", "lark", "lemon",
        "lever", "lilac", "linden", "lynx", "magpie", "mallet", "mango", "maple", "marble", "marten", "meadow", "melon", "meteor",
        "mill", "minnow", "moss", "nectar", "nest", "nutmeg", "oak", "oar", "oat", "ocelot", "onyx", "orchard", "osprey", "otter",
        "owl", "paddle", "pallet", "panda", "parcel", "peach", "pebble", "pelican", "pendulum", "pepper", "pine", "plum", "pollen",
        "pond", "poplar", "puffin", "pulley", "quartz", "quill", "rabbit", "raft", "raven", "reed", "ridge", "robin", "rope", "rudder",
        "saffron", "sail", "salmon", "scale", "schooner", "seal", "shell", "sparrow", "spindle", "spruce", "squirrel", "starling",
        "stone", "stork", "swan", "tern", "thistle", "thyme", "timber", "tulip", "tundra", "turtle", "valley", "vessel", "violin",
        "wagon", "walnut", "weasel", "weight", "willow", "wren", "yarrow", "zephyr",
    ];

    /// <summary>A name such as <c>steady_anchor</c>; from the second try on with a digit behind it.</summary>
    public static string Next(int attempt)
    {
        var name = Adjectives[RandomNumberGenerator.GetInt32(Adjectives.Length)] + "_" + Things[RandomNumberGenerator.GetInt32(Things.Length)];
        return attempt == 0 ? name : name + RandomNumberGenerator.GetInt32(10).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
