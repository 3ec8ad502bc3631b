using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class SpecPropertyTests
{
    private static readonly byte[] Full = Encoding.UTF8.GetBytes(Documents.Full);

    // What a mutation puts in: structure, other types, numbers at the edges, bytes that are no text.
    private static readonly byte[][] Pieces =
    [
        [], "{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "]"u8.ToArray(), "\""u8.ToArray(), ","u8.ToArray(), ":"u8.ToArray(), "null"u8.ToArray(),
        "true"u8.ToArray(), "-1"u8.ToArray(), "1e999"u8.ToArray(), "99999999999999999999"u8.ToArray(), "0.5"u8.ToArray(), "\\"u8.ToArray(), "\\ud800"u8.ToArray(),
        "\\u0000"u8.ToArray(), "//"u8.ToArray(), "\n"u8.ToArray(), [0], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98, 0x80], "{}"u8.ToArray(), "\"\""u8.ToArray(),
    ];

    [Fact]
    public void Every_beginning_of_a_document_is_refused_with_a_sentence()
    {
        for (var length = 0; length < Full.Length; length++) Assert.NotNull(Refusal(Full.AsSpan(0, length).ToArray()));
    }

    [Fact]
    public void Mutated_documents_are_read_and_checked_or_refused_and_never_anything_else() =>
        Prop.ForAll(Mutations().ToArbitrary(), static document =>
        {
            var refusal = Refusal(document);
            return refusal is null || (refusal.Length > 0 && !refusal.Any(char.IsControl));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(Parts().ToArbitrary(), static part =>
        {
            var spec = SpecReader.Read(Encoding.UTF8.GetBytes(part), "config.json");
            var written = SpecWriter.Write(spec);
            var again = SpecWriter.Write(SpecReader.Read(written, "written"));
            return written.AsSpan().SequenceEqual(again)
                && JsonNode.DeepEquals(Documents.Meaning(JsonNode.Parse(part)), Documents.Meaning(JsonNode.Parse(written)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Any_text_survives() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), static text =>
        {
            // Halves of surrogate pairs are no text, and are written as U+FFFD.
            var hostname = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get));
            var spec = new Spec { OciVersion = "1.2.1", Hostname = hostname, Annotations = new Dictionary<string, string> { [hostname] = hostname } };
            var read = SpecReader.Read(SpecWriter.Write(spec), "written");
            return read.Hostname == hostname && read.Annotations![hostname] == hostname;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static string? Refusal(byte[] document)
    {
        try
        {
            SpecValidator.Check(SpecReader.Read(document, "config.json"), new SpecContext { AppArmor = true, Selinux = true, IntelRdt = true });
            return null;
        }
        catch (TareException refused)
        {
            return refused.Message;
        }
    }

    // The full document with some pieces cut out and others put in their place.
    private static Gen<byte[]> Mutations()
    {
        var cut =
            from start in Gen.Choose(0, Full.Length - 1)
            from length in Gen.Frequency((3, Gen.Constant(0)), (3, Gen.Choose(1, 4)), (1, Gen.Choose(5, 200)))
            from piece in Gen.Elements(Pieces)
            select (start, length, piece);
        return cut.ListOf().Where(static cuts => cuts.Count is > 0 and < 5).Select(static cuts =>
        {
            var document = Full.ToList();
            foreach (var (start, length, piece) in cuts)
            {
                var from = Math.Min(start, document.Count);
                document.RemoveRange(from, Math.Min(length, document.Count - from));
                document.InsertRange(from, piece);
            }

            return document.ToArray();
        });
    }

    // The full document without some of its members.
    private static Gen<string> Parts() =>
        from seed in Gen.Choose(0, int.MaxValue)
        from kept in Gen.Choose(0, 10)
        select Part(new Random(seed), kept);

    private static string Part(Random random, int kept)
    {
        var document = JsonNode.Parse(Documents.Full)!;
        Thin(document, random, kept, "");
        return document.ToJsonString();
    }

    private static void Thin(JsonNode? node, Random random, int kept, string parent)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Thin(item, random, kept, parent);
            if (random.Next(10) >= kept && random.Next(3) == 0) array.Clear();
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToList())
            {
                if (!Required($"{parent}.{name}") && random.Next(10) >= kept) members.Remove(name);
                else Thin(value, random, kept, name);
            }
        }
    }

    // What has to be there, and what is written when it was not there because absent means a value.
    private static bool Required(string member) => member is ".ociVersion" or "process.cwd" or "process.user" or "user.uid" or "user.gid" or "root.path" or "mounts.destination"
        or "prestart.path" or "createRuntime.path" or "createContainer.path" or "startContainer.path" or "poststart.path" or "poststop.path"
        or "namespaces.type" or "devices.path" or "devices.type" or "devices.major" or "devices.minor" or "devices.allow" or "seccomp.defaultAction"
        or "syscalls.names" or "syscalls.action" or "scheduler.policy" or "ioPriority.class" or "ioPriority.priority" or "memoryPolicy.mode" or "personality.domain"
        || member.StartsWith("uidMappings.", StringComparison.Ordinal) || member.StartsWith("gidMappings.", StringComparison.Ordinal)
        || member.StartsWith("rlimits.", StringComparison.Ordinal) || member.StartsWith("consoleSize.", StringComparison.Ordinal)
        || member.StartsWith("args.", StringComparison.Ordinal) || member.StartsWith("hugepageLimits.", StringComparison.Ordinal)
        || member.StartsWith("priorities.", StringComparison.Ordinal) || member.StartsWith("weightDevice.m", StringComparison.Ordinal)
        || member.StartsWith("throttle", StringComparison.Ordinal) || member.StartsWith("boottime.", StringComparison.Ordinal)
        || member.StartsWith("monotonic.", StringComparison.Ordinal);
}
