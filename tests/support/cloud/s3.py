"""S3 on the loopback address, as moto has it: a bucket `granules` with the files of a folder.

Usage: s3.py FOLDER; prints the port.
"""

import os
import sys
import threading

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
known = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret-key", "region_name": "us-west-2"}
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:%d" % port, **known)
for bucket in ("granules", "nsidc-cumulus-test"):
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for name in os.listdir(sys.argv[1]):
        # Whoever asks may read those of the first.
        who = {"ACL": "public-read"} if bucket == "granules" else {}
        s3.upload_file(os.path.join(sys.argv[1], name), bucket, "folder/" + name, ExtraArgs=who)
print(port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
threading.Event().wait()
