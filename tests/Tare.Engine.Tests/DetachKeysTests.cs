using FsCheck;
using FsCheck.Fluent;
using Tare.Engine.Streams;
using Tare.Errors;

namespace Tare.Engine.Tests;

public sealed class DetachKeysTests
{
    [Fact]
    public void The_default_is_ctrl_p_ctrl_q()
    {
        var output = new List<byte>();
        Assert.True(DetachKeys.Parse(null).Process([1, 16, 17, 2], output));
        Assert.Equal([1], output);
    }

    [Fact]
    public void Keys_that_might_be_the_beginning_are_held_and_given_out_when_they_are_not()
    {
        var keys = DetachKeys.Parse("ctrl-p,ctrl-q");
        var output = new List<byte>();
        Assert.False(keys.Process([16], output));
        Assert.Empty(output);
        Assert.False(keys.Process([16], output));
        Assert.Equal([16], output);
        Assert.False(keys.Process([65], output));
        Assert.Equal([16, 16, 65], output);
        Assert.False(keys.Process([16], output));
        Assert.Equal([16], keys.TakeHeld().ToArray());
    }

    [Fact]
    public void A_sequence_that_begins_within_its_own_beginning_is_found()
    {
        var output = new List<byte>();
        Assert.True(DetachKeys.Parse("a,a,b").Process("xaaab"u8, output));
        Assert.Equal("xa"u8.ToArray(), output);
    }

    [Theory]
    [InlineData("ctrl-")]
    [InlineData("ctrl-ä")]
    [InlineData("foo")]
    [InlineData("a,,b")]
    public void What_is_no_key_is_refused(string keys) =>
        Assert.Equal($"Invalid detach keys ({keys}) provided", Assert.Throws<TareException>(() => DetachKeys.Parse(keys)).Message);

    /// <summary>However the input is cut, what comes out is the input up to the first place where the sequence is.</summary>
    [Fact]
    public void Cutting_the_input_changes_nothing() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>().Filter(bytes => bytes is not null),
        ArbMap.Default.ArbFor<byte>(),
        (bytes, seed) =>
        {
            // Few letters, so that the sequence and its beginnings do occur.
            var input = bytes.Select(b => (byte)('a' + (b % 3))).ToArray();
            var at = input.AsSpan().IndexOf("aab"u8);
            var keys = DetachKeys.Parse("a,a,b");
            var output = new List<byte>();
            var found = false;
            var step = 1 + (seed % 4);
            for (var i = 0; i < input.Length && !found; i += step) found = keys.Process(input.AsSpan(i, Math.Min(step, input.Length - i)), output);
            if (!found) output.AddRange(keys.TakeHeld().ToArray());
            return found == (at >= 0) && output.SequenceEqual(at >= 0 ? input[..at] : input);
        }).QuickCheckThrowOnFailure();
}
