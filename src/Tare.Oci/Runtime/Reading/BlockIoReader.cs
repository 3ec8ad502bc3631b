namespace Tare.Oci.Runtime.Reading;

/// <summary>Weights and rates of block devices (config-linux.md, "Block IO").</summary>
internal static class BlockIoReader
{
    public static LinuxBlockIo Read(ref DocumentReader json)
    {
        ushort? weight = null, leafWeight = null;
        List<LinuxWeightDevice>? weightDevice = null;
        List<LinuxThrottleDevice>? readBps = null, writeBps = null, readIops = null, writeIops = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "weight"u8)) weight = json.UInt16();
            else if (json.Is(ref members, "leafWeight"u8)) leafWeight = json.UInt16();
            else if (json.Is(ref members, "weightDevice"u8)) weightDevice = ReadWeights(ref json);
            else if (json.Is(ref members, "throttleReadBpsDevice"u8)) readBps = ReadRates(ref json, "a number of bytes a second");
            else if (json.Is(ref members, "throttleWriteBpsDevice"u8)) writeBps = ReadRates(ref json, "a number of bytes a second");
            else if (json.Is(ref members, "throttleReadIOPSDevice"u8)) readIops = ReadRates(ref json, "a number of operations a second");
            else if (json.Is(ref members, "throttleWriteIOPSDevice"u8)) writeIops = ReadRates(ref json, "a number of operations a second");
            else json.Skip();
        }

        return new LinuxBlockIo
        {
            Weight = weight,
            LeafWeight = leafWeight,
            WeightDevice = weightDevice,
            ThrottleReadBpsDevice = readBps,
            ThrottleWriteBpsDevice = writeBps,
            ThrottleReadIopsDevice = readIops,
            ThrottleWriteIopsDevice = writeIops,
        };
    }

    private static List<LinuxWeightDevice> ReadWeights(ref DocumentReader json)
    {
        var weights = new List<LinuxWeightDevice>();
        json.List("a list of weights of devices");
        while (json.NextItem())
        {
            long? major = null, minor = null;
            ushort? weight = null, leafWeight = null;
            var members = json.Object("the weight of a device, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "major"u8)) major = json.Int64();
                else if (json.Is(ref members, "minor"u8)) minor = json.Int64();
                else if (json.Is(ref members, "weight"u8)) weight = json.UInt16();
                else if (json.Is(ref members, "leafWeight"u8)) leafWeight = json.UInt16();
                else json.Skip();
            }

            weights.Add(new LinuxWeightDevice(
                major ?? throw json.Missing(members, "major"), minor ?? throw json.Missing(members, "minor"), weight, leafWeight));
        }

        return weights;
    }

    private static List<LinuxThrottleDevice> ReadRates(ref DocumentReader json, string unit)
    {
        var rates = new List<LinuxThrottleDevice>();
        json.List("a list of rates of devices");
        while (json.NextItem())
        {
            long? major = null, minor = null;
            ulong? rate = null;
            var members = json.Object("the rate of a device, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "major"u8)) major = json.Int64();
                else if (json.Is(ref members, "minor"u8)) minor = json.Int64();
                else if (json.Is(ref members, "rate"u8)) rate = json.UInt64(unit);
                else json.Skip();
            }

            rates.Add(new LinuxThrottleDevice(
                major ?? throw json.Missing(members, "major"),
                minor ?? throw json.Missing(members, "minor"),
                rate ?? throw json.Missing(members, "rate")));
        }

        return rates;
    }
}
