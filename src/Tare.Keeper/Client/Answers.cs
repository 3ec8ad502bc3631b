using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>Takes an answer's packet; whatever descriptors it leaves in the list are closed. Called on the client's reading thread.</summary>
internal delegate void AnswerReader(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors);

/// <summary>As <see cref="AnswerReader"/>, and makes something of it.</summary>
internal delegate T AnswerParser<out T>(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors);

/// <summary>What answers say.</summary>
internal static class Answers
{
    /// <summary>The answer to what has no other.</summary>
    public static bool ReadDone(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        Expect(type, PacketType.Done, fields);
        return true;
    }

    /// <summary>Turns an answer that is another than the expected one into its error.</summary>
    public static void Expect(PacketType type, PacketType expected, ReadOnlySpan<byte> fields)
    {
        if (type == expected) return;
        var reader = new FieldReader(fields);
        long step = 0, error = 0;
        var message = $"the keeper answered with {type}";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Step: step = reader.Number; break;
                case Field.Error: error = reader.Number; break;
                case Field.Message: message = reader.Text; break;
            }
        }
        throw type == PacketType.LaunchFailed ? new LaunchFailedException((int)step, (int)error) : new TareException((ErrorKind)error, message);
    }
}
